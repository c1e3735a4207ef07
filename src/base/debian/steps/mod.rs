//! What the packages' scripts would have done, declared: each step a function of what was unpacked.
