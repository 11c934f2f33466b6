"""Names for records that were created without one."""

from __future__ import annotations

import secrets

QUALITIES = (
    "amber brisk calm clever curious dapper deft eager fearless fleeting gentle glad golden hushed jolly keen "
    "lively lucid mellow merry mighty nimble noble patient plucky polite quick quiet rapid resolute serene silent "
    "skillful sleek smooth sober steady sunny sturdy swift tidy upbeat vivid warm wise witty"
).split()
THINGS = (
    "anchor aspen badger beacon beetle birch bison brook cedar comet crane crow delta dolphin dune ember falcon fern "
    "finch fjord fox gale gecko glacier grove hare harbor heron ibex iris kelp kite lark lynx maple marten meadow mole "
    "moose newt oak orca otter owl perch pine quail raven reef river robin seal shrew skink sloth sparrow stoat stork "
    "swan tern thrush toad trout vole walrus whale wren yak"
).split()


def random_name() -> str:
    """A quality, a thing and a number below 1000, such as `calm-heron-417`."""
    return f"{secrets.choice(QUALITIES)}-{secrets.choice(THINGS)}-{secrets.randbelow(1000)}"
