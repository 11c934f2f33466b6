"""Names for runs that were given none."""

from __future__ import annotations

import secrets

ADJECTIVES = (
    "amber able agile apt bold brave brisk calm candid clear clever crisp deft eager early fair fleet fond gentle "
    "glad grand happy hardy humble jolly keen kind lively lucid lucky merry mild neat noble polite proud quick quiet "
    "rapid ready serene sharp smart smooth sound spry steady stout sunny swift tidy trusty upbeat vivid warm wise witty"
).split()
NOUNS = (
    "ant ape asp auk bass bat bear bee bird boar calf carp cat cod colt cow crab crane crow deer dove duck eagle elk "
    "falcon finch fish fox frog goat goose gull hare hawk hen heron horse ibis jay koala lamb lark lion lynx mink mole "
    "moose moth mouse newt otter owl panda pig pike pony pug quail ram ray robin seal shrew skink sloth snail stork "
    "swan swift tern toad trout vole wasp whale wolf worm wren yak"
).split()


def random_run_name() -> str:
    """adjective-noun-number, at most 20 characters."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(1000)}"
