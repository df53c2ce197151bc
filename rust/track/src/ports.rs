//! Who is the server where no handshake was seen.

/// Ports from which servers have answered.
#[derive(Debug)]
pub(crate) struct ServerPorts {
    bits: Vec<u64>,
    /// Those that were learned since they were last asked for.
    news: Vec<u16>,
}

/// Ports below this one are given to services (RFC 6335 §6, "System Ports").
const FIRST_USER_PORT: u16 = 1024;

impl ServerPorts {
    pub fn new() -> Self {
        Self { bits: vec![0; 1 << 10], news: Vec::new() }
    }

    /// Notes that a server answered from a port.
    pub fn learn(&mut self, port: u16) {
        if !self.knows(port) {
            self.bits[usize::from(port) / 64] |= 1 << (port % 64);
            self.news.push(port);
        }
    }

    /// The ports that were learned since the last call.
    pub fn take_news(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.news)
    }

    fn knows(&self, port: u16) -> bool {
        self.bits[usize::from(port) / 64] & 1 << (port % 64) != 0
    }

    /// Whether the sender of a packet is the client, to the best of our knowledge.
    ///
    /// Where one port only has been a server's, that is the server. Else, where one only is a system port, that is.
    /// Else the sender of the first packet is taken for the client.
    pub fn sender_is_client(&self, src_port: u16, dst_port: u16) -> bool {
        match (self.knows(src_port), self.knows(dst_port)) {
            (true, false) => false,
            (false, true) => true,
            _ => src_port >= FIRST_USER_PORT || dst_port < FIRST_USER_PORT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_servers_go_before_system_ports_before_first_senders() {
        let mut ports = ServerPorts::new();
        assert!(ports.sender_is_client(40000, 8080));
        assert!(ports.sender_is_client(8080, 40000));
        assert!(!ports.sender_is_client(443, 40000));
        assert!(ports.sender_is_client(40000, 443));
        assert!(ports.sender_is_client(22, 80));
        ports.learn(8080);
        assert!(!ports.sender_is_client(8080, 40000));
        assert!(!ports.sender_is_client(8080, 443));
    }
}
