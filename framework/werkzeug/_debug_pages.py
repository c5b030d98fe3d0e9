"""The debugger's HTML. Data for tbtools; the class names are those that style.css and debugger.js know."""

_HEADER = """\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>%(title)s // Werkzeug Debugger</title>
    <link rel="stylesheet" href="?__debugger__=yes&amp;cmd=resource&amp;f=style.css">
    <!-- An icon of our own: a request for /favicon.ico would reach the application. -->
    <link rel="icon" href="?__debugger__=yes&amp;cmd=resource&amp;f=console.png">
    <script>
      var SECRET = "%(secret)s", TRACEBACK = %(traceback_id)d, CONSOLE_MODE = %(console)s;
      var EVALEX = %(evalex)s, EVALEX_TRUSTED = %(evalex_trusted)s;
    </script>
    <script src="?__debugger__=yes&amp;cmd=resource&amp;f=debugger.js" defer></script>
  </head>
  <body>
    <div class="debugger">
"""

_FOOTER = """\
      <div class="footer">For development only: it runs any code for whoever has the PIN.</div>
    </div>
    <div class="pin-prompt" hidden>
      <form class="inner">
        <h3>Console Locked</h3>
        <p>Enter the PIN that the server has printed in its terminal.</p>
        <p><label>PIN: <input type="text" name="pin" size="14"></label> <button>Confirm</button></p>
      </form>
    </div>
  </body>
</html>
"""

PAGE_HTML = (
    _HEADER
    + """\
<h1>%(exception_type)s</h1>
<div class="detail"><p class="errormsg">%(exception)s</p></div>
<h2 class="traceback">Traceback <em>(most recent call last)</em></h2>
%(summary)s
<details class="plain">
  <summary>As plain text</summary>
  <textarea cols="50" rows="10" name="code" readonly>%(plaintext)s</textarea>
</details>
<div class="explanation">
  The debugger caught an exception in your WSGI application, and the traceback above leads to the line that
  raised it. Click a line to see what stands around it.
</div>
"""
    + _FOOTER
    + """
<!--

%(plaintext_cs)s

-->
"""
)

CONSOLE_HTML = (
    _HEADER
    + """\
<h1>Interactive Console</h1>
<div class="explanation">Python, inside the running application, which is here as <code>app</code>.</div>
<div class="console"><div class="inner">The console needs JavaScript.</div></div>
"""
    + _FOOTER
)

SUMMARY_HTML = '<div class="%(classes)s">\n  %(title)s\n  <ul>%(frames)s</ul>\n  %(description)s\n</div>\n'

FRAME_HTML = """\
<div class="frame" id="frame-%(id)d"><h4>File <cite class="filename">"%(filename)s"</cite>,
  line <em class="line">%(lineno)s</em>, in <code class="function">%(function_name)s</code></h4>
  <div class="source %(library)s">%(lines)s</div></div>
"""

LINE_HTML = '<pre class="line %s"><span class="ws">%s</span>%s</pre>'

SOURCE_LINE_HTML = '<tr class="%s">\n  <td class=lineno>%s</td>\n  <td>%s</td>\n</tr>\n'
