"""Steps: pure functions from node and cluster to states. kinstall/install.py puts them in order."""
