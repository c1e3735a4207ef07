//! HTTP over TLS, with the certificates that `incus remote add` stores.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::turns_away;

/// Whom to take for the server.
pub(in crate::incus) enum Trust {
    /// Who has the key of exactly this certificate, whatever stands in it.
    Pinned(CertificateDer<'static>),
    /// Whom this machine trusts.
    Platform,
}

/// Who the client is.
pub(in crate::incus) struct Credentials {
    pub(in crate::incus) chain: Vec<CertificateDer<'static>>,
    pub(in crate::incus) key: PrivateKeyDer<'static>,
}

/// Wraps a connection in TLS.
pub(in crate::incus) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// # Errors
    /// The key does not fit the certificate, or the machine's own certificates cannot be read.
    pub(in crate::incus) fn new(trust: Trust, credentials: Credentials) -> Result<Self, rustls::Error> {
        // Named, not left to a default of the process, which nobody may have installed.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = match trust {
            Trust::Pinned(certificate) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Pin { certificate, provider }))
            }
            Trust::Platform => builder.with_platform_verifier()?,
        };
        Ok(Self(Arc::new(builder.with_client_auth_cert(credentials.chain, credentials.key)?)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Connection>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::HostNotFound)?;
        let mut session = ClientConnection::new(Arc::clone(&self.0), name).map_err(Error::Rustls)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        session.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { session, socket, buffers, is_turned_away: false }))
    }
}

/// A connection with its TLS session.
pub(in crate::incus) struct Connection {
    session: ClientConnection,
    socket: TransportAdapter,
    buffers: LazyBuffers,
    is_turned_away: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(self.socket.inner()).finish()
    }
}

impl Connection {
    /// The next bytes of the answer; none at its end.
    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.session.reader().read(self.buffers.input_append_buf()) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            // Of an end without its farewell the reader makes an error at the next turn.
            self.session.read_tls(&mut self.socket)?;
            self.session.process_new_packets().map_err(io::Error::other)?;
            flush(&mut self.session, &mut self.socket, &mut self.is_turned_away)?;
        }
    }
}

/// Sends what the session has to send, unless the other side has closed its ears.
fn flush(session: &mut ClientConnection, socket: &mut TransportAdapter, is_turned_away: &mut bool) -> io::Result<()> {
    while !*is_turned_away && session.wants_write() {
        match session.write_tls(socket) {
            Err(cause) if turns_away(&cause) => *is_turned_away = true,
            written => {
                written?;
            }
        }
    }
    Ok(())
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.socket.set_timeout(timeout);
        let mut left = self.buffers.output().get(..amount).unwrap_or_default();
        while !left.is_empty() && !self.is_turned_away {
            // The session takes no more than it has room for.
            let taken = self.session.writer().write(left)?;
            left = left.get(taken..).unwrap_or_default();
            flush(&mut self.session, &mut self.socket, &mut self.is_turned_away)?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.socket.set_timeout(timeout);
        let amount = self.read()?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        !self.is_turned_away && self.socket.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Accepts one certificate, byte for byte. That the server has its key is still verified, by the handshake's signature.
#[derive(Debug)]
struct Pin {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if end_entity == &self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
