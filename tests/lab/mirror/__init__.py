"""The laboratory's internet. It runs in $LAB/venv, which has aiohttp and cryptography; served.py and settings.py need neither."""
