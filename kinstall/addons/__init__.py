"""What goes into the cluster at the end: each add-on declares its manifests, values, needs, proof and removal in one file."""
