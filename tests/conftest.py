"""What all tests share."""

from hypothesis import settings

# machines of CI are noisy: a slow example is no failure
settings.register_profile("kinstall", deadline=None)
settings.load_profile("kinstall")
