// The dashboard's one script. Everything can be read and done without it; it adds three things:
// parts of a page marked `data-live` stay fresh, links marked `data-dialog` open their page's form in
// a dialog, and times keep saying how long ago they were.
"use strict";

(() => {
  const PERIOD_MS = 4000;
  const dialog = document.getElementById("dialog");
  let skew = 0;

  // ---- relative times; the words are those of the server (pages/moment.rs) ----

  function learnClock(page) {
    const now = Date.parse(page.body.dataset.now);
    if (!Number.isNaN(now)) skew = now - Date.now();
  }

  function relative(at) {
    const seconds = Math.round((Date.now() + skew - at) / 1000);
    const far = Math.abs(seconds);
    if (far >= 7 * 86400) return null;
    if (far < 5) return "just now";
    const words =
      far < 60 ? `${far} s` : far < 3600 ? `${Math.floor(far / 60)} min` : far < 86400 ? `${Math.floor(far / 3600)} h` : `${Math.floor(far / 86400)} d`;
    return seconds < 0 ? `in ${words}` : `${words} ago`;
  }

  function tellTimes() {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const text = relative(Date.parse(time.dateTime));
      if (text !== null && time.textContent !== text) time.textContent = text;
    }
  }

  // ---- live refresh ----

  // A changed field is work in progress: nothing may replace it, or move the button below it.
  function editing() {
    if (dialog && dialog.open) return true;
    return [...document.querySelectorAll("main input, main textarea, main select")].some((field) => {
      if (field.type === "hidden") return false;
      if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
      return field.value !== field.defaultValue || (field === document.activeElement && field.tagName === "TEXTAREA");
    });
  }

  // What a region says, apart from what changes by itself or by its reader.
  function words(region) {
    const copy = region.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.textContent = "";
    for (const details of copy.querySelectorAll("details")) details.open = false;
    return copy.innerHTML;
  }

  // How to find the focused element again in a fresh copy.
  function focusKey(region) {
    const focused = document.activeElement;
    if (!region.contains(focused)) return "";
    if (focused.id) return `#${CSS.escape(focused.id)}`;
    return focused.matches("a[href]") ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : null;
  }

  // Nobody loses their place: not the button under the pointer of somebody about to press it, not the selected
  // text, not the focus when the fresh copy has nothing to give it to.
  function inUse(region, fresh) {
    const selection = getSelection();
    if (selection && !selection.isCollapsed && region.contains(selection.anchorNode)) return true;
    if (region.dataset.live === "steady" && (region.matches(":hover") || region.contains(document.activeElement))) return true;
    const key = focusKey(region);
    return key === null || (key !== "" && !fresh.querySelector(key));
  }

  function replace(region, fresh) {
    if (words(region) === words(fresh) || inUse(region, fresh)) return;
    const open = [...region.querySelectorAll("details[open]")].map((details) => details.id);
    const key = focusKey(region);
    const next = document.adoptNode(fresh);
    region.replaceWith(next);
    for (const details of next.querySelectorAll("details")) details.open = open.includes(details.id);
    if (key) next.querySelector(key)?.focus({ preventScroll: true });
  }

  function say(fresh) {
    const status = document.querySelector("[data-live-status]");
    if (!status) return;
    status.hidden = false;
    status.dataset.state = fresh ? "live" : "late";
    status.textContent = fresh ? "Live" : "Not live: trying again";
  }

  async function refresh() {
    if (document.hidden || editing()) return;
    const regions = [...document.querySelectorAll("[data-live]")];
    if (regions.length === 0) return;
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      // Signed out in the meantime: let the browser show it.
      if (response.redirected) return void location.reload();
      if (!response.ok) return void say(false);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (editing()) return;
      learnClock(page);
      for (const region of regions) {
        const fresh = page.getElementById(region.id);
        // The page has another shape now, for example its first agent: take it whole.
        if (!fresh) return void location.reload();
        replace(region, fresh);
      }
      tellTimes();
      say(true);
    } catch {
      say(false);
    }
  }

  // ---- dialogs ----

  async function openDialog(link) {
    try {
      const response = await fetch(link.href, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const content = page.querySelector("[data-dialog-content]");
      if (!response.ok || !content) throw new Error("no dialog in that page");
      dialog.replaceChildren(document.adoptNode(content));
      dialog.showModal();
    } catch {
      location.href = link.href;
    }
  }

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const opener = plain && event.target.closest("a[data-dialog]");
    if (opener && dialog) {
      event.preventDefault();
      openDialog(opener);
    } else if (plain && dialog && dialog.contains(event.target) && event.target.closest("[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  dialog?.addEventListener("close", () => dialog.replaceChildren());

  learnClock(document);
  tellTimes();
  setInterval(tellTimes, 1000);
  if (document.querySelector("[data-live]")) {
    say(true);
    setInterval(refresh, PERIOD_MS);
    document.addEventListener("visibilitychange", refresh);
  }
})();
