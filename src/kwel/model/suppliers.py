"""Who supplies what: the nouns of suppliers, of what is asked of them, and of what they answer.

A supplier is who made a device of the plant, who answers for a service outside, or who has the domain that is asked
for. One supplier has one spelling, whatever registries and rules call it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.claims import Claim, Grade
    from kwel.model.dependencies import DependencyState
    from kwel.model.law import Words
    from kwel.model.verdicts import Control, Verdict

Known = Literal["device", "service", "domain", "hosting"]
"""How a supplier is known: it made a device, a rule says that it answers for a service, it has the domain of the name
that was asked for, or nothing is known but that its hosts were talked to."""
KNOWN: Final = ("device", "service", "domain", "hosting")


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One service of one supplier at one operator in one region, and who uses it. ``None`` means: not known."""

    supplier: str
    """Id of who answers for it."""
    known: Known
    service: str | None
    function: str | None
    path: str | None
    impact: str | None
    operator: str | None
    operator_jurisdiction: str | None
    parent: str | None
    parent_jurisdiction: str | None
    region: str | None
    location: str | None
    """ISO 3166-1 alpha-2, or ``anycast``."""
    front: str | None
    """What stands before an origin that cannot be seen."""
    verdict: Verdict
    hosts: tuple[str, ...]
    """The first few names, else addresses."""
    host_count: int
    assets: tuple[int, ...]
    """Indices into the report's assets, in order."""
    state: DependencyState
    """The strongest of its dependencies."""
    first: int
    last: int
    flows: int
    bytes_out: int
    bytes_in: int
    why: Claim
    """Who supplies it, and what shows that."""
    rows: NDArray
    """Rows of the report's dependencies."""
    site: bool = False
    """Whether the site's own file says something of it."""
    ruled: bool = True
    """Whether a rule knows the operator; else the name is that of a network in a table."""
    hosted_by: str | None = None
    """Id of the operator, as a supplier would be called."""

    @property
    def control(self) -> Control:
        """Return under whose control it is."""
        return self.verdict.control


@dataclass(frozen=True, slots=True)
class Product:
    """Devices of one supplier that call themselves the same."""

    name: Claim | None
    """``None``: they do not say."""
    firmware: str | None
    assets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A function of an asset that stops without a supplier."""

    asset: int
    function: str | None
    path: str | None
    impact: str | None
    """When it is felt; ``None``: nobody knows."""
    direct: bool
    """Whether the asset itself talks to the supplier's services; else a server of the plant does."""
    why: Claim


@dataclass(frozen=True, slots=True, eq=False)
class Supplier:
    """Everybody who supplies the plant with devices or with services outside."""

    id: str
    """A word for links and file names: ``schneider-electric``."""
    name: str
    by_rule: bool
    """Whether a rule, or the registry of MAC addresses, gives the name; else it is a domain, or what a device says."""
    jurisdiction: str | None
    known: tuple[Known, ...]
    grade: Grade
    """The best of what makes it known."""
    spellings: tuple[str, ...]
    """As registries, devices and rules call it."""
    devices: tuple[int, ...]
    products: tuple[Product, ...]
    uses: tuple[Use, ...]
    """Services that it answers for, worst control first, then by volume."""
    elsewhere: tuple[Use, ...]
    """Services of others that its devices use."""
    why: tuple[Claim, ...]
    """What makes it known: a device, a service."""

    @property
    def rank(self) -> tuple[int, int, str]:
        """Return where it stands among others: by how many assets depend on it, then devices, then name."""
        users = {asset for use in self.uses for asset in use.assets}
        return -len(users), -len(self.devices), self.id


@dataclass(frozen=True, slots=True)
class Suppliers:
    """All of them, those with most dependent assets first."""

    all: tuple[Supplier, ...]
    nobody: int
    """Dependencies of which nobody knows who supplies them: neither service, domain nor operator."""
    own: int
    """Dependencies on names that the site calls its own, at hosts that nobody knows."""
    makers_unknown: int
    """Assets of which nobody knows who made them."""

    def find(self, word: str) -> Supplier | None:
        """Return the supplier with an id or a name."""
        wanted = word.casefold()
        return next((one for one in self.all if wanted in (one.id, one.name.casefold())), None)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A rule of names: what begins with one of these words is that supplier."""

    name: str
    spellings: tuple[str, ...]
    matches: tuple[str, ...]
    misses: tuple[str, ...]


FACTS: Final = ("device", "service", "control", "foreign", "undecided", "sub-supplier", "remote-data")
"""What a question may hang on: its devices stand in the plant; its services are used; one of them steers; one is under
control outside the bloc; of one that cannot be decided; one runs at somebody else's hosts; its own devices use it."""


@dataclass(frozen=True, slots=True)
class Article:
    """What one article asks, in words of our own."""

    id: str
    reference: str
    asks: Words
    applies: str
    """ISO 8601: from when on."""
    checked: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask a supplier."""

    id: str
    heading: str
    instrument: str
    articles: tuple[str, ...]
    when: tuple[str, ...]
    """Facts that must all be known of the supplier."""
    text: Words


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law or a guideline that asks something about suppliers."""

    id: str
    title: Words
    publisher: str
    reference: str
    sources: tuple[str, ...]
    checked: str
    reviewed: str
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Under what a question stands."""

    id: str
    title: Words


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """Facts, and which questions they raise."""

    file: str
    facts: tuple[str, ...]
    matches: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """How suppliers are called, and what is asked of them."""

    legal_forms: tuple[str, ...]
    spellings: tuple[Spelling, ...]
    headings: tuple[Heading, ...]
    instruments: tuple[Instrument, ...]
    questions: tuple[Question, ...]
    examples: tuple[QuestionExample, ...]

    def asked(self, facts: frozenset[str]) -> tuple[Question, ...]:
        """Return the questions that some facts raise, in order of the headings."""
        raised = [question for question in self.questions if facts.issuperset(question.when)]
        order = [heading.id for heading in self.headings]
        return tuple(sorted(raised, key=lambda question: order.index(question.heading)))
