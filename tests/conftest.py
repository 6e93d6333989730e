"""What all tests share."""

import os

from hypothesis import settings

# Machines of CI are noisy: a slow example is no failure. And the same commit must always have the same verdict there; whoever looks
# for what nobody thought of says HYPOTHESIS_PROFILE=explore.
settings.register_profile("kinstall", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kinstall"))
