"""/static/*: the page's script and style, compressed, and asked for again by ETag at every load."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from api.page import STATIC


class Assets:
    def __init__(self) -> None:
        self._files = GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=1024, compresslevel=9)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_age(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"cache-control", b"no-cache")]
            await send(message)

        await self._files(scope, receive, with_age)
