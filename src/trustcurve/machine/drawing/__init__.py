"""Diagrams of the curve, with a customer's path if wanted: Mermaid, DOT, SVG and PNG."""

from trustcurve.machine.drawing.chart import Arrow, Chart, Hop, Label, chart_of
from trustcurve.machine.drawing.dot import dot_text, render
from trustcurve.machine.drawing.mermaid import mermaid_text

__all__ = ["Arrow", "Chart", "Hop", "Label", "chart_of", "dot_text", "mermaid_text", "render"]
