// Throw-away main module: it only names what build.sh compiles.
module lab/helm-3

go 1.26.0

require helm.sh/helm/v3 v3.22.0
