"""What the papers claim: the registry of all claims, read from ``isacnb/claims/*.toml``."""

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import networkx as nx

__all__ = ["PAPERS", "Claim", "RegistryError", "dependency_graph", "get_claim", "registry"]

#: prefix of the claim ids -> how the pages name it
PAPERS = {
    "coupling": "Channel coupling effects",
    "rician": "Downlink ISAC over Rician channels",
    "foundation": "Foundations",
    "beyond": "Beyond the papers",
}
_FIELDS = {"id", "where", "title", "statement", "words", "assumptions", "uses", "note"}


class RegistryError(ValueError):
    """The registry contradicts itself: unknown field, double id, dangling ``uses`` or a cycle."""


@dataclass(frozen=True)
class Claim:
    """One claim as the paper makes it; nothing here says whether it is true."""

    id: str
    where: str
    title: str
    statement: str
    words: str
    assumptions: tuple[str, ...]
    uses: tuple[str, ...]
    note: str | None = None

    @property
    def paper(self) -> str:
        """The paper's short name, which is the part of the id before the first dot."""
        return self.id.partition(".")[0]

    @property
    def anchor(self) -> str:
        """The anchor of this claim's verdict on its chapter's page."""
        return "claim-" + self.id.replace(".", "-")

    @property
    def digest(self) -> str:
        """Fingerprint of the claim, by which a verdict on an older wording is found out."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def parse_registry(texts: dict[str, str]) -> dict[str, Claim]:
    """Read claims from TOML texts (name -> content) in the given order and check them."""
    claims: dict[str, Claim] = {}
    for name, text in texts.items():
        for entry in tomllib.loads(text).get("claim", []):
            label = entry.get("id", f"an entry of {name}")
            missing = _FIELDS - {"note"} - entry.keys()
            unknown = entry.keys() - _FIELDS
            if missing or unknown:
                raise RegistryError(
                    f"{label}: missing fields {sorted(missing)}, unknown fields {sorted(unknown)}"
                )
            entry = {
                key: tuple(value) if isinstance(value, list) else value.strip()
                for key, value in entry.items()
            }
            claim = Claim(**entry)
            if claim.id in claims:
                raise RegistryError(f"{claim.id}: registered twice")
            if claim.paper not in PAPERS:
                raise RegistryError(f"{claim.id}: the prefix must be one of {sorted(PAPERS)}")
            claims[claim.id] = claim
    for claim in claims.values():
        dangling = [other for other in claim.uses if other not in claims]
        if dangling:
            raise RegistryError(f"{claim.id}: uses unknown claims {dangling}")
    graph = dependency_graph(claims)
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [edge[0] for edge in nx.find_cycle(graph)]
        raise RegistryError(f"circular reasoning: {' -> '.join([*cycle, cycle[0]])}")
    return claims


@cache
def registry() -> dict[str, Claim]:
    """All registered claims by id, in the papers' order."""
    folder = resources.files("isacnb") / "claims"
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    # foundation-poisson.toml goes with foundation
    order = list(PAPERS)
    files.sort(key=lambda file: (order.index(re.split("[.-]", file.name)[0]), file.name))
    return parse_registry({file.name: file.read_text("utf-8") for file in files})


def get_claim(claim_id: str) -> Claim:
    """Return one claim, or raise ``ValueError`` that names the nearest ids."""
    claims = registry()
    if claim_id not in claims:
        import difflib

        near = difflib.get_close_matches(claim_id, claims, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise ValueError(f"id must be a registered claim, got {claim_id!r}{hint}")
    return claims[claim_id]


def dependency_graph(claims: dict[str, Claim]) -> nx.DiGraph:
    """Graph with an edge from each claim to every claim that it uses."""
    graph = nx.DiGraph()
    graph.add_nodes_from(claims)
    graph.add_edges_from((claim.id, other) for claim in claims.values() for other in claim.uses)
    return graph
