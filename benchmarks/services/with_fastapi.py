"""A plain FastAPI service: a request, a forward pass, an answer."""

import sys

import uvicorn
from fastapi import FastAPI, Request
from network import loaded, tensor_of

model, app = loaded(), FastAPI()


@app.post("/infer")
async def infer(request: Request):
    return {"data": model.predict(tensor_of(await request.json())).tolist()}


uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
