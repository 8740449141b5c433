//! The test kit: a private certificate authority made on the spot, the real program started on free ports,
//! and clients to talk to it. It knows the program from outside only, by its command line, its configuration
//! and its answers: no crate of ours is a dependency, so what passes here passes for a user.
