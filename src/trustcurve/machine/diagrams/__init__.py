"""Diagrams of the curve, with a customer's path if wanted: Mermaid, DOT, SVG and PNG."""

from trustcurve.machine.diagrams.chart import Arrow, Chart, Hop, Label, chart_of
from trustcurve.machine.diagrams.dot import dot_text, render
from trustcurve.machine.diagrams.mermaid import mermaid_text

__all__ = ["Arrow", "Chart", "Hop", "Label", "chart_of", "dot_text", "mermaid_text", "render"]
