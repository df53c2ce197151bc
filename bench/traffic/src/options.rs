//! What the words of a command ask for.

/// How the frames are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// Ethernet, IP, TCP.
    Plain,
    /// VXLAN on UDP port 4789 (RFC 7348).
    Vxlan,
    /// Geneve on UDP port 6081 with one option (RFC 8926).
    Geneve,
    /// IP in IP (RFC 2003, RFC 4213).
    Ipip,
}

/// What `write` makes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The wraps, by turns of connections: one, or all for `mixed`.
    pub wraps: Vec<Wrap>,
    /// Packets in the file.
    pub packets: u64,
    /// Connections in all.
    pub connections: u32,
    /// Connections at a time.
    pub at_a_time: u32,
    /// Payload of a full segment, bytes.
    pub segment: u32,
    /// Bytes kept of each packet.
    pub snap: u32,
    /// The seed of all that is random.
    pub seed: u64,
    /// Share of connections over IPv6.
    pub ipv6: f64,
    /// Share of data segments that are lost, before or behind where the capture is taken.
    pub loss: f64,
    /// Share of data segments that are overtaken by the next one.
    pub reorder: f64,
    /// Share of connections that end by a reset.
    pub reset: f64,
    /// Share of connections that are refused.
    pub refused: f64,
    /// Share of connections that are a SYN without an answer, from made-up addresses.
    pub syn_flood: f64,
    /// Network identifiers of tunnels.
    pub vnis: u32,
    /// Packets per second, as the times in the file have it.
    pub rate: f64,
    /// All connections have about as many packets; else few have most of them.
    pub uniform: bool,
    /// No connection ends: the last packets of all are data.
    pub stay_open: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wraps: vec![Wrap::Plain],
            packets: 10_500_000,
            connections: 200_000,
            at_a_time: 20_000,
            segment: 1348,
            snap: 128,
            seed: 1,
            ipv6: 0.0,
            loss: 0.002,
            reorder: 0.001,
            reset: 0.03,
            refused: 0.005,
            syn_flood: 0.0,
            vnis: 8,
            rate: 1_000_000.0,
            uniform: false,
            stay_open: false,
        }
    }
}

impl Options {
    /// Reads `--name value` pairs and flags. Returns the options and the word that is left: the file to write.
    ///
    /// # Errors
    /// One sentence on the word that does not fit.
    pub fn read(words: &[String]) -> Result<(Self, String), String> {
        let mut options = Self::default();
        let mut file = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--uniform" => options.uniform = true,
                "--stay-open" => options.stay_open = true,
                name if name.starts_with("--") => {
                    let value = words.next().ok_or(format!("{name} needs a value."))?;
                    options.set(name, value)?;
                }
                name => file = Some(name.to_owned()),
            }
        }
        options.check()?;
        Ok((options, file.ok_or("No file is named.")?))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--kind" => self.wraps = wraps(value)?,
            "--packets" => self.packets = number(name, value)?,
            "--connections" => self.connections = number(name, value)?,
            "--at-a-time" => self.at_a_time = number(name, value)?,
            "--segment" => self.segment = number(name, value)?,
            "--snap" => self.snap = number(name, value)?,
            "--seed" => self.seed = number(name, value)?,
            "--vnis" => self.vnis = number(name, value)?,
            "--rate" => self.rate = number(name, value)?,
            "--ipv6" => self.ipv6 = share(name, value)?,
            "--loss" => self.loss = share(name, value)?,
            "--reorder" => self.reorder = share(name, value)?,
            "--reset" => self.reset = share(name, value)?,
            "--refused" => self.refused = share(name, value)?,
            "--syn-flood" => self.syn_flood = share(name, value)?,
            _ => return Err(format!("There is no option {name}.")),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.connections == 0 || self.at_a_time == 0 || self.vnis == 0 || self.rate.is_nan() || self.rate <= 0.0 {
            return Err("--connections, --at-a-time, --vnis and --rate are at least 1.".to_owned());
        }
        if !(1..=1348).contains(&self.segment) {
            return Err("--segment is from 1 to 1348: a full one fits a tunnel with IPv6 and timestamps.".to_owned());
        }
        if self.snap < 54 {
            return Err("--snap is at least 54, an Ethernet, an IPv4 and a TCP header.".to_owned());
        }
        Ok(())
    }
}

fn wraps(name: &str) -> Result<Vec<Wrap>, String> {
    Ok(match name {
        "plain" => vec![Wrap::Plain],
        "vxlan" => vec![Wrap::Vxlan],
        "geneve" => vec![Wrap::Geneve],
        "ipip" => vec![Wrap::Ipip],
        "mixed" => vec![Wrap::Plain, Wrap::Vxlan, Wrap::Geneve, Wrap::Ipip],
        _ => return Err(format!("--kind is plain, vxlan, geneve, ipip or mixed, not {name}.")),
    })
}

fn share(name: &str, value: &str) -> Result<f64, String> {
    let share: f64 = number(name, value)?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{name} is from 0 to 1.")) }
}

/// Reads the number after an option.
///
/// # Errors
/// One sentence where it is none.
pub fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: '{value}' is no number that fits."))
}
