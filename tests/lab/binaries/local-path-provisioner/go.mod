// Throw-away main module: it only names what build.sh compiles.
module lab/local-path-provisioner

go 1.26.3

require github.com/rancher/local-path-provisioner v0.0.37
