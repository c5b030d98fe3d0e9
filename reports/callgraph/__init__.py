"""The call graph: functions and who called whom, laid out by Graphviz, drawn by us.

``graph`` builds plain data, ``layout`` places it with the first engine that works, ``draw`` writes the SVG.
"""
