# The few commands worth knowing. Each does its own set-up and can be run first in a fresh clone.

.PHONY: help build demo test lint fmt fuzz scorecard bench

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

build: ## the server, in target/release/execlave
	@scripts/setup rust
	cargo build --locked --release -p execlave-cli

demo: ## an agent that is allowed, blocked, approved, paused and traced; ARGS=--exit ends by itself
	@scripts/demo $(ARGS)

test: ## everything that continuous integration checks
	@scripts/test

lint: ## formatting, lints, documentation, shell scripts
	@scripts/lint

fuzz: ## feeds random texts to the scanner and the decoder (needs a nightly toolchain); SECONDS=600 for longer
	@scripts/fuzz $(or $(SECONDS),60)

fmt: ## formats the Rust code
	cargo fmt --all

scorecard: ## how well detection does on labelled sets; FOLDER=… names them
	@scripts/scorecard $(FOLDER)

bench: ## measures this machine beside floors and peers, and writes benches/results.md
	@scripts/bench
