"""How the panes stand on the screen: all side by side in a large window, as tabs in a small one."""

PANES = ("calls", "values", "explanation", "state", "source")  # by their keys, 1 to 5
WIDE_COLUMNS, WIDE_ROWS = 110, 28
TITLE_CELLS = 6  # of a border, beside its title
TALL_ROWS = 16  # below, one pane at a time

CSS = """
Screen { layout: vertical; overflow: hidden; }
#headline, #path, #status, #tabs { height: 1; padding: 0 1; }
#headline { background: $panel; }
#status { background: $panel; }
#panes { height: 1fr; }
.pane { border: round $foreground 30%; padding: 0 1; scrollbar-size: 1 1; }
.pane { border-title-style: bold; border-title-color: $foreground; }
.pane:focus { border: round $primary; }
#calls, #source { overflow-x: hidden; }
.wide #panes { layout: grid; grid-size: 10 4; grid-rows: 4fr 4fr 5fr 3fr; }
.wide #calls { column-span: 4; row-span: 4; }
.wide #source { column-span: 6; row-span: 2; }
.wide #values { column-span: 3; row-span: 1; }
.wide #state { column-span: 3; row-span: 2; }
.wide #explanation { column-span: 3; row-span: 1; }
.wide #tabs { display: none; }
.narrow #panes { layout: vertical; }
.narrow .pane { height: 1fr; border: none; border-top: solid $foreground 30%; padding: 0 1; }
.narrow .pane:focus { border-top: solid $primary; }
.narrow .folded { display: none; }
"""
