"""Clients of /completion, which Adze and llama-server both have, on asyncio: cheap enough to leave the processors to
the servers."""
import asyncio
import dataclasses
import json
import time


@dataclasses.dataclass
class Heard:
    """One answer: its text, and when its pieces came, in seconds from sending the request."""
    text: str
    pieces: list

    @property
    def first(self):
        return self.pieces[0]


def completion_request(prompt, tokens, **fields):
    return {"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "stream": True, **fields}


def request_bytes(path, body):
    data = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


async def read_status(reader):
    """The status, after all headers."""
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1])


async def read_chunk(reader):
    """A piece of a body in chunks; empty at its end."""
    size = int((await reader.readline()).strip(), 16)
    data = await reader.readexactly(size)
    await reader.readexactly(2)
    return data


class Connection:
    """Kept for one request after the other."""

    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def begin(self, path, body):
        """Sends a request and waits for the start of its answer."""
        self.writer.write(request_bytes(path, body))
        await self.writer.drain()
        status = await read_status(self.reader)
        if status != 200:
            raise RuntimeError(f"status {status}: {(await self.reader.read(500)).decode(errors='replace')}")

    async def hear(self, path, body):
        """A whole answer, streamed."""
        start = time.monotonic()
        await self.begin(path, body)
        text, pieces, rest = "", [], b""
        while chunk := await read_chunk(self.reader):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(b"data: {"):
                    continue
                event = json.loads(line[6:])
                if "error" in event:
                    raise RuntimeError(event["error"])
                if content := event.get("content"):
                    text += content
                    pieces.append(time.monotonic() - start)
        return Heard(text, pieces)
