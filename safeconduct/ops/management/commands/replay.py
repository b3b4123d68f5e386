"""`replay FOLDER --speed N`: recorded documents in time order through everything, in a demo or test folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from safeconduct.lib.commands import JsonCommand
from safeconduct.ops import replay


class Command(JsonCommand):
    """Play recordings back and print what they led to."""

    help = "Play back recorded documents, named SOURCE/2026-04-20T080000Z.ext, in a demo or test folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where they are, how fast, and for how many invented itineraries."""
        super().add_arguments(parser)
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--speed",
            type=float,
            default=0.0,
            help="recorded seconds in one real second; 0: as fast as can be",
        )
        parser.add_argument(
            "--itineraries", type=int, default=0, help="how many invented ones to register first"
        )
        parser.add_argument(
            "--countries", default="", metavar="DE,US", help="where every second invented itinerary stays"
        )
        parser.add_argument("--seed", type=int, default=1, help="of the invented itineraries")
        parser.add_argument(
            "--apart", action="store_true", help="leave every source's event an event of its own, to compare"
        )

    def act(self, **options: Any) -> None:
        """Play and print."""
        if options["apart"]:
            settings.SAFECONDUCT_ONE_INCIDENT = False
        played = replay.play(
            options["folder"],
            speed=options["speed"],
            itineraries=options["itineraries"],
            seed=options["seed"],
            countries=[code for code in options["countries"].upper().split(",") if code],
            say=self.stderr.write,
        )
        answer = {
            "documents": played.documents,
            "refused": played.refused,
            "seconds": round(played.seconds, 1),
            **played.figures,
        }
        self.emit(answer, "\n".join(f"{name}: {value}" for name, value in answer.items()))
