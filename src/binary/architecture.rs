//! The machines that a program, a base and an image can be for.

use std::fmt;

use object::elf::{EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64, Machine};

/// A machine, under the name that the kernel (`uname -m`) and Incus give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// `x86_64`, Debian's `amd64`.
    X86_64,
    /// `aarch64`, Debian's `arm64`.
    Aarch64,
    /// `armv7l`, Debian's `armhf`.
    Armv7l,
    /// `riscv64`.
    Riscv64,
    /// `ppc64le`, Debian's `ppc64el`.
    Ppc64le,
    /// `s390x`, the one with big-endian programs.
    S390x,
    /// `i686`, Debian's `i386`.
    I686,
}

impl Architecture {
    /// Every architecture that has a name here.
    pub const ALL: [Self; 7] =
        [Self::X86_64, Self::Aarch64, Self::Armv7l, Self::Riscv64, Self::Ppc64le, Self::S390x, Self::I686];

    /// Reads the kernel's name, such as `x86_64`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.as_str() == name)
    }

    /// The kernel's name, as `metadata.yaml` of an Incus image wants it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armv7l",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::I686 => "i686",
        }
    }

    /// The directory below `/lib` and `/usr/lib` that Debian and Ubuntu keep its libraries in, as
    /// `gcc -print-multiarch` prints it.
    pub const fn multiarch(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu",
            Self::Aarch64 => "aarch64-linux-gnu",
            Self::Armv7l => "arm-linux-gnueabihf",
            Self::Riscv64 => "riscv64-linux-gnu",
            Self::Ppc64le => "powerpc64le-linux-gnu",
            Self::S390x => "s390x-linux-gnu",
            Self::I686 => "i386-linux-gnu",
        }
    }

    /// What Debian calls it, as in `binary-amd64`.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
            Self::Armv7l => "armhf",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64el",
            Self::S390x => "s390x",
            Self::I686 => "i386",
        }
    }

    /// What Go calls it in `GOARCH`.
    pub const fn goarch(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
            Self::Armv7l => "arm",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::I686 => "386",
        }
    }

    /// What an ELF header is for. The machine alone does not say: `EM_PPC64` is `ppc64le` only in little endian, and
    /// `EM_X86_64` in a 32-bit file is the x32 ABI, which has no name of its own.
    pub(super) fn of_elf(machine: Machine, is_64: bool, is_little_endian: bool) -> Option<Self> {
        match (machine, is_64, is_little_endian) {
            (EM_X86_64, true, true) => Some(Self::X86_64),
            (EM_AARCH64, true, true) => Some(Self::Aarch64),
            (EM_ARM, false, true) => Some(Self::Armv7l),
            (EM_RISCV, true, true) => Some(Self::Riscv64),
            (EM_PPC64, true, true) => Some(Self::Ppc64le),
            (EM_S390, true, false) => Some(Self::S390x),
            (EM_386, false, true) => Some(Self::I686),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
