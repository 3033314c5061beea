//! A double of the service that knows accounts and tokens.

use keylight_contracts::v1::{
    self, access_service_server::AccessService, identify_request::Credential,
};
use keylight_domain::{
    access::Scope,
    error::{DomainError, ErrorCode},
};
use keylight_rpc::status::status_of;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tonic::{Request, Response, Status};

pub const PASSWORD: &str = "correct horse battery";
/// In the forms of every session of this double.
pub const CSRF: &str = "form-token";

/// Who holds what.
#[derive(Default)]
pub struct Book {
    pub sessions: Mutex<HashMap<String, v1::Identity>>,
    pub tokens: Mutex<HashMap<String, v1::Identity>>,
    /// How often somebody was looked up.
    pub asked: AtomicUsize,
    /// Passwords are for one use.
    pub one_time: AtomicBool,
    pub away: AtomicBool,
    pub sign_ins: Mutex<Vec<v1::SignInRequest>>,
    pub callers: Mutex<Vec<v1::Caller>>,
}

/// A secret as the real service spells them, told apart by its letter.
pub fn secret(letter: char) -> String {
    letter.to_string().repeat(52)
}

pub fn token(letter: char) -> String {
    format!("kl_{}", secret(letter))
}

pub fn identity(actor: &str, role: &str, scopes: &[Scope]) -> v1::Identity {
    v1::Identity {
        actor: actor.to_owned(),
        role: role.to_owned(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        id: "019a0000-0000-7000-8000-000000000001".to_owned(),
        full_name: "Ada Probe".to_owned(),
        ..v1::Identity::default()
    }
}

impl Book {
    /// Lets somebody hold a session.
    pub fn seat(&self, letter: char, role: &str) -> String {
        let identity = v1::Identity {
            username: "ada".to_owned(),
            csrf_token: CSRF.to_owned(),
            must_change_password: self.one_time.load(Ordering::SeqCst),
            ..identity("staff:ada", role, &[])
        };
        self.sessions
            .lock()
            .unwrap()
            .insert(secret(letter), identity);
        secret(letter)
    }

    /// Lets somebody hold a token.
    pub fn give(&self, letter: char, role: &str, scopes: &[Scope]) -> String {
        self.tokens
            .lock()
            .unwrap()
            .insert(token(letter), identity("token:ci", role, scopes));
        token(letter)
    }

    fn noted(&self, caller: Option<v1::Caller>) {
        self.callers.lock().unwrap().extend(caller);
    }
}

pub struct Accounts(pub Arc<Book>);

fn refused(code: ErrorCode, words: &str) -> Status {
    status_of(&DomainError::new(code, words))
}

fn staff(username: &str) -> v1::Staff {
    v1::Staff {
        id: "019a0000-0000-7000-8000-000000000001".to_owned(),
        username: username.to_owned(),
        role: "viewer".to_owned(),
        version: 1,
        ..v1::Staff::default()
    }
}

fn new_token(name: &str) -> v1::NewToken {
    v1::NewToken {
        token: Some(v1::Token {
            name: name.to_owned(),
            role: "viewer".to_owned(),
            ..v1::Token::default()
        }),
        secret: token('n'),
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AccessService for Accounts {
    async fn sign_in(&self, request: Request<v1::SignInRequest>) -> Answer<v1::Session> {
        let request = request.into_inner();
        self.0.sign_ins.lock().unwrap().push(request.clone());
        if request.username == "busy" {
            return Err(status_of(&DomainError::rate_limited(
                "Too many attempts to sign in, please try again in 7 seconds",
                7,
            )));
        }
        if request.username != "ada" || request.password != PASSWORD {
            return Err(refused(
                ErrorCode::Unauthenticated,
                "Username or password is wrong",
            ));
        }
        let secret = self.0.seat('s', "viewer");
        let identity = self.0.sessions.lock().unwrap()[&secret].clone();
        Ok(Response::new(v1::Session {
            secret,
            csrf_token: CSRF.to_owned(),
            identity: Some(identity),
            expires_at: None,
        }))
    }

    async fn sign_out(&self, request: Request<v1::SignOutRequest>) -> Answer<v1::SignOutReply> {
        self.0
            .sessions
            .lock()
            .unwrap()
            .remove(&request.get_ref().secret);
        Ok(Response::new(v1::SignOutReply {}))
    }

    async fn identify(&self, request: Request<v1::IdentifyRequest>) -> Answer<v1::Identity> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        if self.0.away.load(Ordering::SeqCst) {
            return Err(status_of(&DomainError::unavailable("database away")));
        }
        let found = match request.into_inner().credential {
            Some(Credential::Session(secret)) => {
                self.0.sessions.lock().unwrap().get(&secret).cloned()
            }
            Some(Credential::Token(secret)) => self.0.tokens.lock().unwrap().get(&secret).cloned(),
            None => None,
        };
        found
            .map(Response::new)
            .ok_or_else(|| refused(ErrorCode::Unauthenticated, "not known"))
    }

    async fn list_staff(&self, _: Request<v1::ListStaffRequest>) -> Answer<v1::StaffList> {
        Ok(Response::new(v1::StaffList {
            staff: vec![staff("ada"), staff("grace")],
        }))
    }

    async fn create_staff(&self, request: Request<v1::CreateStaffRequest>) -> Answer<v1::Staff> {
        let request = request.into_inner();
        self.0.noted(request.caller);
        Ok(Response::new(staff(&request.username)))
    }

    async fn update_staff(&self, request: Request<v1::UpdateStaffRequest>) -> Answer<v1::Staff> {
        let request = request.into_inner();
        self.0.noted(request.caller);
        if request.expected_version.is_some_and(|version| version != 1) {
            return Err(refused(ErrorCode::Conflict, "changed meanwhile"));
        }
        Ok(Response::new(staff(&request.staff)))
    }

    async fn set_password(&self, request: Request<v1::SetPasswordRequest>) -> Answer<v1::Staff> {
        let request = request.into_inner();
        if request
            .current_password
            .is_some_and(|current| current != PASSWORD)
        {
            return Err(refused(
                ErrorCode::InvalidInput,
                "The current password is wrong",
            ));
        }
        self.0.noted(request.caller);
        for identity in self.0.sessions.lock().unwrap().values_mut() {
            identity.must_change_password = false;
        }
        Ok(Response::new(staff("ada")))
    }

    async fn list_tokens(&self, _: Request<v1::ListTokensRequest>) -> Answer<v1::TokenList> {
        Ok(Response::new(v1::TokenList {
            tokens: new_token("ci").token.into_iter().collect(),
        }))
    }

    async fn create_token(&self, request: Request<v1::CreateTokenRequest>) -> Answer<v1::NewToken> {
        let request = request.into_inner();
        self.0.noted(request.caller);
        Ok(Response::new(new_token(&request.name)))
    }

    async fn rotate_token(&self, request: Request<v1::RotateTokenRequest>) -> Answer<v1::NewToken> {
        let request = request.into_inner();
        self.0.noted(request.caller);
        Ok(Response::new(new_token(&request.token)))
    }

    async fn revoke_token(&self, request: Request<v1::RevokeTokenRequest>) -> Answer<v1::Token> {
        let request = request.into_inner();
        self.0.noted(request.caller);
        self.0.tokens.lock().unwrap().remove(&request.token);
        Ok(Response::new(new_token("ci").token.unwrap_or_default()))
    }
}
