"""The page: one HTML file that shows a trace as drawing, tree, source, explanation and state in step."""

from flasktrace.reports.page.data import page_data
from flasktrace.reports.page.options import PageData, PageOptions
from flasktrace.reports.page.write import write_page

__all__ = ["PageData", "PageOptions", "page_data", "write_page"]
