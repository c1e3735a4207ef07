mod checks;
mod fixtures;
mod golang;
mod hostile;
mod programs;
mod refusals;
