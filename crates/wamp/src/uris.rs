//! The URIs that WAMP itself defines, and those of its common implementations that clients know.

/// Errors, as they stand in ERROR and ABORT.
pub mod error {
    /// A URI is not valid, or reserved.
    pub const INVALID_URI: &str = "wamp.error.invalid_uri";
    /// Nobody registered the procedure.
    pub const NO_SUCH_PROCEDURE: &str = "wamp.error.no_such_procedure";
    /// Somebody else registered the procedure already.
    pub const PROCEDURE_ALREADY_EXISTS: &str = "wamp.error.procedure_already_exists";
    /// The procedure is shared under another policy (Autobahn).
    pub const PROCEDURE_EXISTS_WITH_DIFFERENT_POLICY: &str =
        "wamp.error.procedure_exists_with_different_invocation_policy";
    /// UNREGISTER for something that is not registered by the session.
    pub const NO_SUCH_REGISTRATION: &str = "wamp.error.no_such_registration";
    /// UNSUBSCRIBE for something that the session is not subscribed to.
    pub const NO_SUCH_SUBSCRIPTION: &str = "wamp.error.no_such_subscription";
    /// No session with that id.
    pub const NO_SUCH_SESSION: &str = "wamp.error.no_such_session";
    /// The arguments do not fit the procedure.
    pub const INVALID_ARGUMENT: &str = "wamp.error.invalid_argument";
    /// A call was canceled.
    pub const CANCELED: &str = "wamp.error.canceled";
    /// A call took too long.
    pub const TIMEOUT: &str = "wamp.error.timeout";
    /// A payload is larger than a peer receives.
    pub const PAYLOAD_SIZE_EXCEEDED: &str = "wamp.error.payload_size_exceeded";
    /// The peer broke the protocol.
    pub const PROTOCOL_VIOLATION: &str = "wamp.error.protocol_violation";
    /// The session may not do that.
    pub const NOT_AUTHORIZED: &str = "wamp.error.not_authorized";
    /// Whether the session may could not be found out.
    pub const AUTHORIZATION_FAILED: &str = "wamp.error.authorization_failed";
    /// The session may not do that (advanced profile).
    pub const AUTHORIZATION_DENIED: &str = "wamp.error.authorization_denied";
    /// A capability is required to do that (advanced profile).
    pub const AUTHORIZATION_REQUIRED: &str = "wamp.error.authorization_required";
    /// No such realm.
    pub const NO_SUCH_REALM: &str = "wamp.error.no_such_realm";
    /// No such role on the realm.
    pub const NO_SUCH_ROLE: &str = "wamp.error.no_such_role";
    /// No such principal.
    pub const NO_SUCH_PRINCIPAL: &str = "wamp.error.no_such_principal";
    /// None of the client's methods is offered.
    pub const NO_MATCHING_AUTH_METHOD: &str = "wamp.error.no_matching_auth_method";
    /// The same, as Autobahn and Crossbar say it.
    pub const NO_AUTH_METHOD: &str = "wamp.error.no_auth_method";
    /// The credentials are wrong.
    pub const AUTHENTICATION_DENIED: &str = "wamp.error.authentication_denied";
    /// The credentials could not be checked.
    pub const AUTHENTICATION_FAILED: &str = "wamp.error.authentication_failed";
    /// An anonymous session is not enough.
    pub const AUTHENTICATION_REQUIRED: &str = "wamp.error.authentication_required";
    /// An option is not allowed here.
    pub const OPTION_NOT_ALLOWED: &str = "wamp.error.option_not_allowed";
    /// The router does not disclose identities here.
    pub const DISCLOSE_ME_DISALLOWED: &str = "wamp.error.option_disallowed.disclose_me";
    /// A connection behind the router failed.
    pub const NETWORK_FAILURE: &str = "wamp.error.network_failure";
    /// A callee cannot take the call now.
    pub const UNAVAILABLE: &str = "wamp.error.unavailable";
    /// None of the callees can take the call.
    pub const NO_AVAILABLE_CALLEE: &str = "wamp.error.no_available_callee";
    /// No callee may see the call (Autobahn).
    pub const NO_ELIGIBLE_CALLEE: &str = "wamp.error.no_eligible_callee";
    /// The other side does not have the feature.
    pub const FEATURE_NOT_SUPPORTED: &str = "wamp.error.feature_not_supported";
    /// Something failed inside.
    pub const RUNTIME_ERROR: &str = "wamp.error.runtime_error";
    /// A payload is of the wrong type (Autobahn).
    pub const TYPE_CHECK_ERROR: &str = "wamp.error.type_check_error";
    /// A payload cannot be read (Autobahn).
    pub const INVALID_PAYLOAD: &str = "wamp.error.invalid_payload";
    /// There is no history of the subscription (Crossbar).
    pub const HISTORY_UNAVAILABLE: &str = "wamp.error.history_unavailable";
    /// A testament cannot be kept (Crossbar).
    pub const TESTAMENT_ERROR: &str = "wamp.error.testament_error";
    /// A registration was taken away from its callee (Crossbar).
    pub const UNREGISTERED: &str = "wamp.error.unregistered";
    /// All callees are at their concurrency limit (Crossbar).
    pub const MAX_CONCURRENCY_REACHED: &str = "crossbar.error.max_concurrency_reached";
}

/// Reasons in GOODBYE.
pub mod close {
    /// The router shuts down.
    pub const SYSTEM_SHUTDOWN: &str = "wamp.close.system_shutdown";
    /// The session leaves the realm.
    pub const CLOSE_REALM: &str = "wamp.close.close_realm";
    /// The answer to a GOODBYE.
    pub const GOODBYE_AND_OUT: &str = "wamp.close.goodbye_and_out";
    /// Another session or an operator ended the session.
    pub const KILLED: &str = "wamp.close.killed";
    /// A normal end, and Crossbar's answer to a GOODBYE.
    pub const NORMAL: &str = "wamp.close.normal";
    /// The session's cookie is to be forgotten (Crossbar).
    pub const LOGOUT: &str = "wamp.close.logout";
    /// The session was idle for too long.
    pub const TIMEOUT: &str = "wamp.close.timeout";
}

/// Topics of meta events.
pub mod topic {
    /// A session joined: one dictionary.
    pub const SESSION_ON_JOIN: &str = "wamp.session.on_join";
    /// A session left: session, authid, authrole.
    pub const SESSION_ON_LEAVE: &str = "wamp.session.on_leave";
    /// A subscription came to be.
    pub const SUBSCRIPTION_ON_CREATE: &str = "wamp.subscription.on_create";
    /// A session subscribed.
    pub const SUBSCRIPTION_ON_SUBSCRIBE: &str = "wamp.subscription.on_subscribe";
    /// A session unsubscribed.
    pub const SUBSCRIPTION_ON_UNSUBSCRIBE: &str = "wamp.subscription.on_unsubscribe";
    /// A subscription ended with its last subscriber.
    pub const SUBSCRIPTION_ON_DELETE: &str = "wamp.subscription.on_delete";
    /// A registration came to be.
    pub const REGISTRATION_ON_CREATE: &str = "wamp.registration.on_create";
    /// A callee joined a registration.
    pub const REGISTRATION_ON_REGISTER: &str = "wamp.registration.on_register";
    /// A callee left a registration.
    pub const REGISTRATION_ON_UNREGISTER: &str = "wamp.registration.on_unregister";
    /// A registration ended with its last callee.
    pub const REGISTRATION_ON_DELETE: &str = "wamp.registration.on_delete";
}

/// Procedures of the meta API.
pub mod procedure {
    /// How many sessions.
    pub const SESSION_COUNT: &str = "wamp.session.count";
    /// Which sessions.
    pub const SESSION_LIST: &str = "wamp.session.list";
    /// One session's details.
    pub const SESSION_GET: &str = "wamp.session.get";
    /// Ends one session.
    pub const SESSION_KILL: &str = "wamp.session.kill";
    /// Ends the sessions of an authid.
    pub const SESSION_KILL_BY_AUTHID: &str = "wamp.session.kill_by_authid";
    /// Ends the sessions of a role.
    pub const SESSION_KILL_BY_AUTHROLE: &str = "wamp.session.kill_by_authrole";
    /// Ends all other sessions.
    pub const SESSION_KILL_ALL: &str = "wamp.session.kill_all";
    /// Changes a session's details (an extension).
    pub const SESSION_MODIFY_DETAILS: &str = "wamp.session.modify_details";
    /// Leaves a testament.
    pub const SESSION_ADD_TESTAMENT: &str = "wamp.session.add_testament";
    /// Forgets the testaments of a scope.
    pub const SESSION_FLUSH_TESTAMENTS: &str = "wamp.session.flush_testaments";
    /// Subscription ids by policy.
    pub const SUBSCRIPTION_LIST: &str = "wamp.subscription.list";
    /// The subscription for a topic and policy.
    pub const SUBSCRIPTION_LOOKUP: &str = "wamp.subscription.lookup";
    /// All subscriptions that match a topic.
    pub const SUBSCRIPTION_MATCH: &str = "wamp.subscription.match";
    /// One subscription's details.
    pub const SUBSCRIPTION_GET: &str = "wamp.subscription.get";
    /// Who is subscribed.
    pub const SUBSCRIPTION_LIST_SUBSCRIBERS: &str = "wamp.subscription.list_subscribers";
    /// How many are subscribed.
    pub const SUBSCRIPTION_COUNT_SUBSCRIBERS: &str = "wamp.subscription.count_subscribers";
    /// Past events of a subscription.
    pub const SUBSCRIPTION_GET_EVENTS: &str = "wamp.subscription.get_events";
    /// Takes a subscriber out (Crossbar).
    pub const SUBSCRIPTION_REMOVE_SUBSCRIBER: &str = "wamp.subscription.remove_subscriber";
    /// Registration ids by policy.
    pub const REGISTRATION_LIST: &str = "wamp.registration.list";
    /// The registration for a procedure and policy.
    pub const REGISTRATION_LOOKUP: &str = "wamp.registration.lookup";
    /// The registration that a call would go to.
    pub const REGISTRATION_MATCH: &str = "wamp.registration.match";
    /// One registration's details.
    pub const REGISTRATION_GET: &str = "wamp.registration.get";
    /// Who is registered.
    pub const REGISTRATION_LIST_CALLEES: &str = "wamp.registration.list_callees";
    /// How many are registered.
    pub const REGISTRATION_COUNT_CALLEES: &str = "wamp.registration.count_callees";
    /// Takes a callee out (Crossbar).
    pub const REGISTRATION_REMOVE_CALLEE: &str = "wamp.registration.remove_callee";
}
