//! Problems with their source lines, drawn by annotate-snippets.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::diagnostic::{Problem, Severity};

/// The problem with file, line, column, the source line, a marker and its hint; with colours, which whoever prints it
/// strips where they do not belong.
pub(super) fn render(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let source = &problem.place.source;
    let end = source.text.len();
    let span = problem.place.span.start.min(end)..problem.place.span.end.min(end);
    let snippet = Snippet::source(source.text.as_str())
        .path(source.name.as_str())
        .annotation(AnnotationKind::Primary.span(first_line(&source.text, span)));
    let mut group = level.primary_title(problem.message.as_str()).element(snippet);
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&[group])
}

/// A table's span goes over all its lines; the first tells which it is.
fn first_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let line = text.get(span.clone()).and_then(|marked| marked.find('\n'));
    line.map_or(span.clone(), |length| span.start..span.start + length)
}
