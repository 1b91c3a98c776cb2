"""Ask a `rocchio serve` from Python: `Client`, and `AsyncClient` for asyncio. Errors are those of `rocchio.errors`."""

from rocchio.client.answers import Acknowledgement as Acknowledgement
from rocchio.client.answers import Found as Found
from rocchio.client.asynchronous import AsyncClient as AsyncClient
from rocchio.client.synchronous import Client as Client
