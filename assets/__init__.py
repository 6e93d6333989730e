"""Data only: the version table, manifests, explanations, recorded sessions; read as files("kinstall.assets")."""
