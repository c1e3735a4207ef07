//! The name of the host that answers.

/// The node name of uname(2), which is the container's. `/proc/sys/kernel/hostname` is out of reach under
/// `ProcSubset=pid`.
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
