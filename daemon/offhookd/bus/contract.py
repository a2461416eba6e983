# SPDX-License-Identifier: GPL-2.0-or-later
"""The D-Bus contract as data, read from org.offhook.Phone1.xml beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree as ET

CONTRACT_FILE = Path(__file__).with_name("org.offhook.Phone1.xml")
_EMITS_CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"

# The interfaces of every D-Bus object; the D-Bus specification, "Standard Interfaces".
_STANDARD_XML = """
<node>
  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId"><arg name="machine_uuid" type="s" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect"><arg name="xml_data" type="s" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="property_name" type="s" direction="in"/>
      <arg name="value" type="v" direction="out"/>
    </method>
    <method name="Set">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="property_name" type="s" direction="in"/>
      <arg name="value" type="v" direction="in"/>
    </method>
    <method name="GetAll">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="props" type="a{sv}" direction="out"/>
    </method>
    <signal name="PropertiesChanged">
      <arg name="interface_name" type="s"/>
      <arg name="changed_properties" type="a{sv}"/>
      <arg name="invalidated_properties" type="as"/>
    </signal>
  </interface>
</node>
"""


class Emits(StrEnum):
    """What a change of a property sends (annotation EmitsChangedSignal)."""

    VALUE = "true"
    INVALIDATION = "invalidates"
    NEVER_CHANGES = "const"
    NOTHING = "false"


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    signature: str


@dataclass(frozen=True, slots=True)
class MethodSpec:
    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]

    @property
    def input_signature(self) -> str:
        return "".join(argument.signature for argument in self.inputs)


@dataclass(frozen=True, slots=True)
class SignalSpec:
    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class PropertySpec:
    name: str
    signature: str
    writable: bool
    emits: Emits


@dataclass(frozen=True, slots=True)
class InterfaceSpec:
    name: str
    methods: Mapping[str, MethodSpec]
    signals: Mapping[str, SignalSpec]
    properties: Mapping[str, PropertySpec]
    xml: str
    """The element as introspection shows it, annotations included, comments not."""


Contract = Mapping[str, InterfaceSpec]


@cache
def contract() -> Contract:
    """Every interface of org.offhook.Phone1.xml by its name, ObjectManager included."""
    return parse(CONTRACT_FILE.read_text(encoding="utf-8"))


@cache
def standard() -> Contract:
    """Peer, Introspectable and Properties, which every object has."""
    return parse(_STANDARD_XML)


def parse(text: str) -> Contract:
    """The interfaces of a D-Bus introspection document, at whatever depth of nodes."""
    root = ET.fromstring(text)  # noqa: S314  # the document is a file of this package
    specs = (_interface(element) for element in root.iter("interface"))
    return MappingProxyType({spec.name: spec for spec in specs})


def _interface(element: ET.Element) -> InterfaceSpec:
    methods = (_method(child) for child in element.iterfind("method"))
    signals = (_signal(child) for child in element.iterfind("signal"))
    properties = (_property(child) for child in element.iterfind("property"))
    return InterfaceSpec(
        element.attrib["name"],
        {spec.name: spec for spec in methods},
        {spec.name: spec for spec in signals},
        {spec.name: spec for spec in properties},
        ET.tostring(element, encoding="unicode").rstrip(),
    )


def _method(element: ET.Element) -> MethodSpec:
    arguments = element.findall("arg")
    inputs = (_argument(one) for one in arguments if one.get("direction") != "out")
    outputs = (_argument(one) for one in arguments if one.get("direction") == "out")
    return MethodSpec(element.attrib["name"], tuple(inputs), tuple(outputs))


def _signal(element: ET.Element) -> SignalSpec:
    arguments = tuple(_argument(argument) for argument in element.iterfind("arg"))
    return SignalSpec(element.attrib["name"], arguments)


def _argument(element: ET.Element) -> Argument:
    return Argument(element.get("name", ""), element.attrib["type"])


def _property(element: ET.Element) -> PropertySpec:
    annotations = {a.attrib["name"]: a.attrib["value"] for a in element.iterfind("annotation")}
    return PropertySpec(
        element.attrib["name"],
        element.attrib["type"],
        writable=element.attrib["access"] == "readwrite",
        emits=Emits(annotations.get(_EMITS_CHANGED, Emits.VALUE)),
    )
