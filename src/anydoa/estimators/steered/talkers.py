"""From recent evidence to talkers: where each is, how sure that is, and how the spectrum shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from anydoa.estimators.steered.evidence import EvidenceMemory
from anydoa.estimators.steered.mixture import fit_mixture
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.estimators.steered.patch import first_greatest
from anydoa.estimators.steered.search_field import SearchField


@dataclass(frozen=True, eq=False)
class Talker:
    """A talker found in the recent past.

    Args:
        direction: unit vector towards the talker.
        candidate: the direction of the coarse search that explains most of the talker.
        part: share of each cell of evidence that belongs to the talker.
        share: share of all evidence that the talker explains, 0..1.
        coherence: cosine of the phase error of what the talker explains, mean over pairs and bins.
        mass: weight of the cells that the talker explains.
        recent_mass: weight of those of them in the newest slots.
        usual_share: share around the talker's direction in the last second, in the mean.
    """

    direction: Float[np.ndarray, "3"]
    candidate: int
    part: Float32[np.ndarray, "cell"]
    share: float
    coherence: float
    mass: float
    recent_mass: float
    usual_share: float


class TalkerSearch:
    """Finds talkers in evidence.

    Args:
        field: where talkers are searched.
        options: every number of the search.
    """

    def __init__(self, field: SearchField, options: SteeredOptions) -> None:
        self._candidates, self._fine, self._options = field.candidates, field.fine, options
        self._audible = field.array.ambiguity.projection
        self._candidate_places = self._candidates.directions @ self._audible
        self._apart = 2 * np.sin(np.deg2rad(options.separation_deg) / 2)
        self._usual_share = np.zeros(len(self._candidates), dtype=np.float32)

    def find(self, evidence: EvidenceMemory) -> list[Talker]:
        """Talkers of the recent past, those that explain most first; none in silence."""
        mass = evidence.mass
        if not mass.sum() > 0:
            return []
        fit = fit_mixture(
            evidence.likelihood,
            evidence.noise_likelihood,
            mass,
            background=self._options.background,
            iterations=self._options.iterations,
        )
        # The share of each direction in the last second, in the mean: a scorer wants to know it.
        self._usual_share += self._options.usual_rate * (fit.share - self._usual_share)
        clusters = list(self._clusters(fit.share))
        if not clusters:
            return []
        # Share of each cell that each cluster explains, (cluster, cell), and what its microphones measured.
        parts = np.stack([fit.explained_by(members) for members, _ in clusters])
        explained, recent = parts @ mass, parts @ evidence.recent_mass
        products = evidence.pairs_of(parts)
        found: list[Talker] = []
        places: list[Float[np.ndarray, "3"]] = []
        for index, (members, middle) in enumerate(clusters):
            direction, coherence = self._fine.locate(middle, products[index], float(explained[index]))
            # The rest of a stronger talker's lobe leads back to that talker.
            place = direction @ self._audible
            if places and self._is_near(place, np.array(places)).any():
                continue
            places.append(place)
            heaviest = int(members[first_greatest(fit.share[members])])
            talker = Talker(
                direction,
                heaviest,
                parts[index],
                share=float(explained[index] / mass.sum()),
                coherence=coherence,
                mass=float(explained[index]),
                recent_mass=float(recent[index]),
                usual_share=float(self._usual_share[self._candidates.around(heaviest)].sum()),
            )
            found.append(talker)
            if len(found) == self._options.max_talkers:
                break
        return found

    def leftover(
        self, talkers: Sequence[Talker], evidence: EvidenceMemory
    ) -> Float32[np.ndarray, "candidate"]:
        """How well each candidate fits what no talker explains, 0..1; 0 near talkers, and in silence.

        Args:
            talkers: all that :meth:`find` has found in the evidence.
            evidence: unchanged since.
        """
        unexplained = 1 - sum((talker.part for talker in talkers), np.zeros_like(evidence.mass))
        response = evidence.response(np.maximum(unexplained, 0))
        response -= response.min()
        for talker in talkers:
            # The candidate counts, for where the grid puts weak talkers may depend on its order.
            response[self._is_near(self._candidate_places[talker.candidate], self._candidate_places)] = 0
        return response / max(float(response.max()), 1e-9)

    def _clusters(
        self, share: Float32[np.ndarray, "candidate"]
    ) -> Iterator[tuple[Int[np.ndarray, "_"], Float[np.ndarray, "3"]]]:
        """Candidates of each talker and their middle, the strongest talker first."""
        left = share.copy()
        directions = self._candidates.directions
        for _ in range(self._options.max_talkers + self._options.spare_clusters):
            together = self._candidates.gather(left)
            centre = first_greatest(together)
            if together[centre] < self._options.least_share:
                return
            members = self._candidates.around(centre)
            members = members[left[members] > 0]
            middle = left[members] @ directions[members]
            middle /= np.linalg.norm(middle)
            yield members, middle
            left[members] = 0
            left[self._is_near(middle @ self._audible, self._candidate_places)] = 0

    def _is_near(
        self, place: Float[np.ndarray, "3"], others: Float[np.ndarray, "other 3"]
    ) -> Bool[np.ndarray, "other"]:
        """Which places the array can hardly tell from one; a place is what it hears of a direction."""
        between = others - place
        near: np.ndarray = np.einsum("ij,ij->i", between, between) <= self._apart**2
        return near
