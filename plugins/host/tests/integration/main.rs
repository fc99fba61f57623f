//! Plugins of every sort against the real host: refused at the door, held off, or obeyed.

mod folder;
mod guest;
mod hostile;
mod refused;
mod shipped;
