from __future__ import annotations

import asyncio

import pytest

from aggregator.web.refusals import WrongTokens


def test_wrong_tokens_of_a_while_are_told_together_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async def many() -> None:
        wrong = WrongTokens(apart_s=0.05)
        for _ in range(3):
            for _ in range(7):
                wrong.note()
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        wrong.note()

    asyncio.run(many())
    counts = [message.rpartition(": ")[2] for message in caplog.messages]
    assert counts == ["1", "20", "1"]
