//! Problems with their source lines, drawn by annotate-snippets.

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet, renderer::DecorStyle};

use crate::diagnostic::{Place, Problem, Severity};
use crate::secrets;

/// The problem with file, line, column, the source line, a marker and its hint; with colours, which whoever prints it
/// strips where they do not belong.
pub(super) fn render(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let source = &problem.place.source;
    let title = level.primary_title(problem.message.as_str());
    let mut group = if problem.shows_line && !secrets::is_in_line(line_of(&problem.place)) {
        title.element(snippet(&problem.place))
    } else {
        let (line, column) = problem.place.line_column();
        title.element(Origin::path(source.name.as_str()).line(line).char_column(column))
    };
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// The line that would be shown.
fn line_of(place: &Place) -> &str {
    let text = place.source.text.as_str();
    let at = place.span.start.min(text.len());
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

fn snippet(place: &Place) -> Snippet<'_, Annotation<'_>> {
    let source = &place.source;
    let end = source.text.len();
    let span = place.span.start.min(end)..place.span.end.min(end);
    Snippet::source(source.text.as_str())
        .path(source.name.as_str())
        .annotation(AnnotationKind::Primary.span(first_line(&source.text, span)))
}

/// A table's span goes over all its lines; the first tells which it is.
fn first_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let line = text.get(span.clone()).and_then(|marked| marked.find('\n'));
    line.map_or(span.clone(), |length| span.start..span.start + length)
}
