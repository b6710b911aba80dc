"""Talk to a running gateway with the official `openai` package: nothing but the base URL is ours.

Run: sluicegate serve                       (in one terminal)
     python examples/http_client.py         (in another; `pip install openai` first)
     python examples/http_client.py http://127.0.0.1:8080/v1
"""

import os
import sys

from openai import NotFoundError, OpenAI

base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000/v1"
client = OpenAI(base_url=base_url, api_key=os.environ.get("SLUICEGATE_API_KEY", "none-needed"))

print("models:", ", ".join(model.id for model in client.models.list()))

question = [{"role": "user", "content": "What is a weir?"}]
answer = client.chat.completions.with_raw_response.create(model="demo", messages=question, max_tokens=12)
print("answer:", answer.parse().choices[0].message.content)
print("served by:", answer.headers["x-sluicegate-provider"], "- cache:", answer.headers["x-sluicegate-cache"])

print("stream: ", end="")
for chunk in client.chat.completions.create(model="demo", messages=question, max_tokens=12, stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)

try:
    client.chat.completions.create(model="nobody/knows", messages=question)
except NotFoundError as error:
    print("\nerror:", error.status_code, error.code)
