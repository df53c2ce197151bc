//! The kinds of tunnel that are known, with their names and numbers.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal;)*) => {
        /// The kinds of tunnel that are known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Encap {
            $($(#[$doc])* $kind = $number,)*
        }

        impl Encap {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name, as in configuration and columns.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The kind of this name; None where there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// The kind with this number (its discriminant).
            #[inline]
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// VXLAN (RFC 7348), also with a group policy in its reserved bits.
    Vxlan = 1, "vxlan";
    /// Geneve (RFC 8926).
    Geneve = 2, "geneve";
    /// IPv4 in IPv4 (RFC 2003). As an entry of [`crate::Overlays`]: any IP in IP.
    Ipip = 3, "ipip";
    /// IPv6 in IPv4 (RFC 4213).
    Sit = 4, "sit";
    /// IPv4 or IPv6 in IPv6 (RFC 2473).
    Ip6tnl = 5, "ip6tnl";
    /// GRE (RFC 2784), its key (RFC 2890) as the identifier.
    Gre = 6, "gre";
    /// NVGRE (RFC 7637).
    Nvgre = 7, "nvgre";
    /// Generic UDP encapsulation, both variants.
    Gue = 8, "gue";
    /// IP in UDP, as Linux's FOU writes it.
    Fou = 9, "fou";
    /// IP in UDP, as flannel's `udp` backend writes it.
    Udp = 10, "udp";
    /// WireGuard: counted, not looked into.
    Wireguard = 11, "wireguard";
    /// IPsec ESP, in UDP where a port is given: counted, not looked into.
    Esp = 12, "esp";
}

impl Encap {
    /// Whether its header has a network identifier.
    #[inline]
    #[must_use]
    pub const fn has_identifier(self) -> bool {
        matches!(self, Self::Vxlan | Self::Geneve | Self::Gre | Self::Nvgre)
    }

    /// Whether it is known by a UDP port. ESP is without one, too.
    #[must_use]
    pub const fn needs_port(self) -> bool {
        matches!(self, Self::Vxlan | Self::Geneve | Self::Gue | Self::Fou | Self::Udp | Self::Wireguard)
    }

    pub(crate) const fn is_encrypted(self) -> bool {
        matches!(self, Self::Wireguard | Self::Esp)
    }

    pub(crate) const fn is_ip_in_ip(self) -> bool {
        matches!(self, Self::Ipip | Self::Sit | Self::Ip6tnl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_and_a_number() {
        for &kind in Encap::ALL {
            assert_eq!(Encap::from_name(kind.name()), Some(kind));
            assert_eq!(Encap::from_number(kind as u8), Some(kind));
        }
        assert_eq!((Encap::from_name("stt"), Encap::from_number(0)), (None, None));
    }
}
