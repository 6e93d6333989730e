"""Images are pulled one by one: what fails is what is told."""

from __future__ import annotations

from kinstall.steps.packages import Images

state = Images("kubeadm config images list", ("quay.io/calico/node:v3.32.1",))


def test_each_missing_image_is_a_command_of_its_own() -> None:
    seen = "want quay.io/calico/node:v3.32.1\nhas registry.k8s.io/pause:3.10.2\nwant registry.k8s.io/kube-proxy:v1.37.2\n"
    commands = state.commands(seen)
    assert [command.shown for command in commands] == [
        "crictl pull quay.io/calico/node:v3.32.1", "crictl pull registry.k8s.io/kube-proxy:v1.37.2",
    ]
    assert all(command.long for command in commands)


def test_what_a_registry_calls_its_images_is_no_shell() -> None:
    (command,) = state.commands("want reg;reboot/kube-proxy:v1\n")
    assert command.shell == "crictl pull 'reg;reboot/kube-proxy:v1'"
