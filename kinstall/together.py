"""Several hosts at once, all to their end: what one cannot do is told beside what the others cannot, and nothing is left running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from kinstall.errors import KinstallError, Several

Made = TypeVar("Made")


async def tried(works: Iterable[Coroutine[Any, Any, Made]]) -> list[Made | KinstallError]:
    """What each of these made, or its error, in their order. A bug in one is raised when all have ended."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    results: list[Made | KinstallError] = []
    for end in ended:
        if isinstance(end, BaseException) and not isinstance(end, KinstallError):
            raise end
        results.append(end)
    return results


async def done(works: Iterable[Coroutine[Any, Any, Made]]) -> list[Made]:
    """What each of these made, in their order. Raises Several with the errors of all."""
    made: list[Made] = []
    errors: list[KinstallError] = []
    for result in await tried(works):
        if isinstance(result, KinstallError):
            errors.extend(result.errors if isinstance(result, Several) else (result,))
        else:
            made.append(result)
    if errors:
        raise Several(errors)
    return made
