"""A governed function in five lines.

Start a server (`execlave serve`), put the key it prints into EXECLAVE_API_KEY and its address into EXECLAVE_BASE_URL, and run this
file. Then open the dashboard: the trace is there, and so is the agent with its pause button.
"""

from execlave import Execlave, PolicyBlockedError

exe = Execlave(environment="development")
exe.register_agent(agent_id="quickstart", name="Quick start")


@exe.trace(agent_id="quickstart")
def answer(question: str) -> str:
    """Ask first, then act. The model is an echo: no key but Execlave's is needed."""
    exe.enforce_policy(agent_id="quickstart", input=question)
    return f"You asked: {question}"


if __name__ == "__main__":
    try:
        print(answer("How do I reset my password?"))
    except PolicyBlockedError as error:
        print(f"Blocked: {error}")
    exe.shutdown()
