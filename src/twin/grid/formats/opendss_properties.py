"""What OpenDSS calls the properties of its elements, in the order in which values without a name are taken.

Names and order are those of the OpenDSS engine 0.14.5. A property is read, or it has no say in a snapshot, or an
element that has it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLASSES", "IGNORED_CLASSES", "Properties"]

_RATINGS = "seasons ratings normamps emergamps faultrate pctperm repair"


@dataclass(frozen=True)
class Properties:
    """The properties of one class of elements.

    Attributes
    ----------
    order
        All, in the order of values without a name.
    ignored
        Those without a say in a snapshot.
    refused
        Those that would have one, but are not read.
    """

    order: tuple[str, ...]
    ignored: frozenset[str]
    refused: frozenset[str]

    @classmethod
    def of(cls, order: str, ignored: str = "", refused: str = "") -> Properties:
        """Return the properties named in texts."""
        return cls(tuple(order.split()), frozenset(ignored.split()), frozenset(refused.split()))

    def find(self, name: str) -> str | None:
        """Return the property that a name or its beginning means: the first in order, None if there is none."""
        if name in self.order:
            return name
        return next((known for known in self.order if known.startswith(name)), None)


CLASSES: dict[str, Properties] = {
    "vsource": Properties.of(
        "bus1 basekv pu angle frequency phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0 scantype sequence bus2 "
        "z1 z0 z2 puz1 puz0 puz2 basemva yearly daily duty model puzideal spectrum basefreq enabled like",
        ignored="scantype sequence spectrum basefreq",
        refused="frequency bus2 z2 puz1 puz0 puz2 basemva yearly daily duty model puzideal",
    ),
    "linecode": Properties.of(
        "nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps emergamps faultrate pctperm repair "
        "kron rg xg rho neutral b1 b0 seasons ratings linetype like",
        ignored=f"{_RATINGS.replace('normamps', '')} rg xg rho linetype",
        refused="kron neutral",
    ),
    "line": Properties.of(
        "bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rg xg rho geometry units "
        "spacing wires earthmodel cncables tscables b1 b0 seasons ratings linetype epsrmedium heightoffset heightunit "
        "conductors normamps emergamps faultrate pctperm repair basefreq enabled like",
        ignored=f"{_RATINGS.replace('normamps', '')} rg xg rho earthmodel linetype epsrmedium heightoffset heightunit",
        refused="geometry spacing wires cncables tscables conductors",
    ),
    "transformer": Properties.of(
        "phases windings wdg bus conn kv kva tap %r rneut xneut buses conns kvs kvas taps xhl xht xlt xscarray thermal "
        "n m flrise hsrise %loadloss %noloadloss normhkva emerghkva sub maxtap mintap numtaps subname %imag "
        "ppm_antifloat %rs bank xfmrcode xrconst x12 x13 x23 leadlag wdgcurrents core rdcohms seasons ratings normamps "
        "emergamps faultrate pctperm repair basefreq enabled like",
        ignored=f"{_RATINGS} thermal n m flrise hsrise normhkva emerghkva sub subname bank xrconst wdgcurrents core "
        "rdcohms",
        refused="rneut xneut xscarray",
    ),
    "xfmrcode": Properties.of(
        "phases windings wdg conn kv kva tap %r rneut xneut conns kvs kvas taps xhl xht xlt xscarray thermal n m "
        "flrise hsrise %loadloss %noloadloss normhkva emerghkva maxtap mintap numtaps %imag ppm_antifloat %rs x12 x13 "
        "x23 rdcohms seasons ratings like",
        ignored="thermal n m flrise hsrise normhkva emerghkva rdcohms seasons ratings",
        refused="rneut xneut xscarray",
    ),
    "regcontrol": Properties.of(
        "transformer winding vreg band ptratio ctprim r x bus delay reversible revvreg revband revr revx tapdelay "
        "debugtrace maxtapchange inversetime tapwinding vlimit ptphase revthreshold revdelay revneutral eventlog "
        "remoteptratio tapnum reset ldc_z rev_z cogen basefreq enabled like",
        ignored="vreg band ptratio ctprim r x bus delay reversible revvreg revband revr revx tapdelay debugtrace "
        "maxtapchange inversetime vlimit ptphase revthreshold revdelay revneutral eventlog remoteptratio reset ldc_z "
        "rev_z cogen basefreq",
    ),
    "load": Properties.of(
        "phases bus1 kv kw pf model yearly daily duty growth conn kvar rneut xneut status class vminpu vmaxpu vminnorm "
        "vminemerg xfkva allocationfactor kva %mean %stddev cvrwatts cvrvars kwh kwhdays cfactor cvrcurve numcust zipv "
        "%seriesrl relweight vlowpu puxharm xrharm spectrum basefreq enabled like",
        ignored="growth class vminnorm vminemerg %mean %stddev numcust %seriesrl relweight puxharm xrharm "
        "spectrum basefreq kwh kwhdays cfactor",
        refused="rneut xneut xfkva allocationfactor cvrcurve vlowpu",
    ),
    "capacitor": Properties.of(
        "bus1 bus2 phases kvar kv conn cmatrix cuf r xl harm numsteps states normamps emergamps faultrate pctperm "
        "repair basefreq enabled like",
        ignored=f"{_RATINGS} basefreq harm",
        refused="bus2 cmatrix cuf r xl numsteps states",
    ),
    "loadshape": Properties.of(
        "npts interval mult hour mean stddev csvfile sngfile dblfile action qmult useactual pmax qmax sinterval "
        "minterval pbase qbase pmult pqcsvfile memorymapping interpolation like",
        ignored="mean stddev pmax qmax pbase qbase memorymapping interpolation",
        refused="hour sngfile dblfile action pqcsvfile",
    ),
}

# Classes that change nothing in a snapshot with given taps and switches
IGNORED_CLASSES = (
    *("monitor", "energymeter", "sensor", "growthshape", "tshape", "tcc_curve", "spectrum", "priceshape", "xycurve"),
    *("linegeometry", "wiredata", "linespacing", "cndata", "tsdata"),
    *("capcontrol", "swtcontrol", "relay", "recloser", "fuse"),
)
