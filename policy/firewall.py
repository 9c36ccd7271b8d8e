"""What security groups let in: no shell, and nothing from everywhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.resources import Resource
from policy.values import UNKNOWN, Unknown, blocks, number, texts

SSH = 22
_GROUPS = frozenset(
    {
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    }
)
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EVERY_PROTOCOL = ("-1", "all")
_TCP = ("tcp", "6", *_EVERY_PROTOCOL)
# As good as everywhere: two halves of the internet are the internet.
_WIDE = {4: 8, 6: 16}


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in: from address ranges or prefix lists (`sources`) to a run of ports, None where
    they are not known yet."""

    protocol: str
    ports: tuple[int, int] | None
    sources: tuple[str | Unknown, ...]

    def reaches(self, port: int) -> bool:
        """Whether TCP connections to the port are known to pass."""
        if self.protocol in _EVERY_PROTOCOL:
            return True
        if self.protocol not in _TCP or self.ports is None:
            return False
        return self.ports[0] <= port <= self.ports[1]

    def __str__(self) -> str:
        if self.protocol in _EVERY_PROTOCOL:
            return "all traffic"
        if self.ports is None:
            return self.protocol
        first, last = self.ports
        return f"{self.protocol} {first}" if first == last else f"{self.protocol} {first}-{last}"


def open_ports(resource: Resource, ports: Sequence[int] = (SSH,)) -> str | None:
    """Which of `ports` can be reached from an address range; groups among themselves are free."""
    found = [
        f"port {port} is open to {_listed(way.sources)} ({way})"
        for way in _ways_in(resource)
        for port in ports
        if way.sources and way.reaches(port)
    ]
    return "; ".join(found) or None


def open_to_everyone(resource: Resource, except_ports: Sequence[int] = ()) -> str | None:
    """What can be reached from the whole internet, but for single `except_ports`."""
    found: list[str] = []
    for way in _ways_in(resource):
        everywhere = [source for source in way.sources if _is_everywhere(source)]
        if everywhere and not _is_excepted(way, except_ports):
            found.append(f"{way} is open to {_listed(everywhere)}")
    return "; ".join(found) or None


def _is_excepted(way: _Way, ports: Sequence[int]) -> bool:
    if way.ports is None or way.protocol in _EVERY_PROTOCOL:
        return False
    return way.ports[0] == way.ports[1] and way.ports[0] in ports


def _is_everywhere(source: str | Unknown) -> bool:
    try:
        network = ipaddress.ip_network(str(source), strict=False)
    except ValueError:
        return False
    return network.prefixlen < _WIDE[network.version]


def _listed(sources: Iterable[str | Unknown]) -> str:
    known = (source if isinstance(source, str) else "an address range" for source in sources)
    return ", ".join(dict.fromkeys(known))


def _ways_in(resource: Resource) -> list[_Way]:
    if resource.kind in _GROUPS:
        return [_inline(rule) for rule in blocks(resource.props.get("ingress"))]
    if resource.kind == _RULE and resource.props.get("type") == "ingress":
        return [_inline(resource.props)]
    if resource.kind == _INGRESS_RULE:
        return [_single(resource.props)]
    return []


def _inline(rule: Mapping[str, Any]) -> _Way:
    """A rule as security groups carry it: lists of sources."""
    keys = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds")
    sources = (source for key in keys for source in texts(rule.get(key)))
    return _Way(_protocol(rule.get("protocol")), _ports(rule), tuple(sources))


def _single(rule: Mapping[str, Any]) -> _Way:
    """A rule of its own: one source."""
    given = (rule.get(key) for key in ("cidrIpv4", "cidrIpv6", "prefixListId"))
    return _Way(_protocol(rule.get("ipProtocol")), _ports(rule), tuple(texts([*given])))


def _protocol(value: object) -> str:
    known = number(value)
    return str(int(known)) if known is not None else str(value).lower()


def _ports(rule: Mapping[str, Any]) -> tuple[int, int] | None:
    first, last = rule.get("fromPort"), rule.get("toPort")
    if first is UNKNOWN or last is UNKNOWN:
        return None
    low, high = number(first), number(last)
    if low is None or low < 0:
        return 0, 65535
    return int(low), int(low if high is None else high)
