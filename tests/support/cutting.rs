//! A link that fails where a test says: between a client and a server it carries so many bytes and then
//! closes, resets or falls silent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::still_time::Activity;

/// How a link fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Both sides see the end of the stream.
    Cut,
    /// Both sides see a reset.
    Reset,
    /// Nothing more is carried, and nobody is told.
    Stall,
}

/// All ways to fail.
pub const FAILURES: [Failure; 3] = [Failure::Cut, Failure::Reset, Failure::Stall];

/// Which bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    Client,
    Server,
}

/// Strikes the first connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub how: Failure,
    pub towards: Towards,
    /// After so many bytes that way.
    pub after: usize,
}

/// See the module.
pub struct Link {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    fault: Option<Fault>,
    connections: AtomicUsize,
    struck: AtomicUsize,
    carried: Mutex<Vec<(Towards, Vec<u8>)>>,
    activity: Activity,
}

impl Link {
    /// Leads to a server on loopback.
    pub async fn to(server: u16, fault: Option<Fault>, activity: Activity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server,
            fault,
            connections: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
            carried: Mutex::default(),
            activity,
        });
        let link = Self { port, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let first = shared.connections.fetch_add(1, Ordering::SeqCst) == 0;
                let fault = shared.fault.filter(|_| first);
                let record = first;
                tokio::spawn(carry(client, fault, record, Arc::clone(&shared)));
            }
        });
        link
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst) > 0
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// What the first connection carried, in order.
    pub fn carried(&self) -> Vec<(Towards, Vec<u8>)> {
        self.shared.carried.lock().unwrap().clone()
    }
}

async fn carry(mut client: TcpStream, fault: Option<Fault>, record: bool, shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", shared.server)).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let mut carried = [0_usize; 2];
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        if let Some(fault) = fault
            && carried[fault.towards as usize] >= fault.after
        {
            shared.struck.fetch_add(1, Ordering::SeqCst);
            shared.activity.happened();
            return fail(fault.how, client, server).await;
        }
        // No more is taken than may still pass, so that the fault strikes at its very byte.
        let room = |towards: Towards| match fault {
            Some(fault) if fault.towards == towards => (fault.after - carried[towards as usize]).min(16 * 1024),
            _ => 16 * 1024,
        };
        let (up_room, down_room) = (room(Towards::Server), room(Towards::Client));
        let (towards, bytes) = tokio::select! {
            biased;
            read = server.read(&mut down[..down_room]) => (Towards::Client, read.map(|count| down[..count].to_vec())),
            read = client.read(&mut up[..up_room]) => (Towards::Server, read.map(|count| up[..count].to_vec())),
        };
        let Ok(bytes) = bytes else { return };
        if bytes.is_empty() {
            return;
        }
        shared.activity.happened();
        carried[towards as usize] += bytes.len();
        if record {
            shared.carried.lock().unwrap().push((towards, bytes.clone()));
        }
        let receiver = if towards == Towards::Client { &mut client } else { &mut server };
        if receiver.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn fail(how: Failure, mut client: TcpStream, server: TcpStream) {
    match how {
        Failure::Cut => {}
        Failure::Reset => {
            client.set_zero_linger().unwrap();
            server.set_zero_linger().unwrap();
        }
        // What is said is read, so that nobody notices; the sockets live as long as the client's.
        Failure::Stall => {
            let mut void = [0; 1024];
            while client.read(&mut void).await.is_ok_and(|count| count > 0) {}
            drop(server);
        }
    }
}
