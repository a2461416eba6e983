# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Manager: the daemon itself."""

from collections.abc import Mapping

from offhookd import __version__
from offhookd.phone.availability import OwnAvailability
from offhookd.phone.errors import NotSupportedError
from offhookd.phone.problems import Problems
from offhookd.phone.service import Service

from .exported import Exported, method, setter
from .paths import subject_path
from .signature import typed

_ENGINE = {
    "version": "s",
    "codecs": "as",
    "transports": "as",
    "tls": "s",
    "max-calls": "u",
    "video": "b",
    "pid": "u",
}


class ManagerInterface(Exported):
    interface = "org.offhook.Phone1.Manager"

    def __init__(self, service: Service, problems: Problems, availability: OwnAvailability) -> None:
        self._service = service
        self._problems = problems
        self._availability = availability

    def values(self) -> Mapping[str, object]:
        return {
            "Version": __version__,
            "Features": self._service.features,
            "Engine": typed(_ENGINE, self._service.engine_facts),
            "State": self._service.state,
            "Problems": [
                (problem.code, subject_path(problem.subject), problem.text)
                for problem in self._problems
            ],
            "Availability": self._availability.chosen,
            "AvailabilityNote": self._availability.note,
            "Generation": self._service.generation,
            "Provisioning": "none",
        }

    @setter("Availability")
    def set_availability(self, availability: str) -> None:
        self._availability.choose(availability)

    @setter("AvailabilityNote")
    def set_availability_note(self, note: str) -> None:
        self._availability.set_note(note)

    @method("Provision")
    def provision(self) -> None:
        raise NotSupportedError(
            "Settings come from files alone in this version, not from a server; write offhook.yaml"
            " and call Reload"
        )

    @method("Reload")
    async def reload(self) -> None:
        await self._service.reload()

    @method("Validate")
    def validate(self) -> list[tuple[str, int, str, str]]:
        return [
            (problem.file, problem.line, problem.key, problem.reason)
            for problem in self._service.validate()
        ]
