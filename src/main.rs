//! The `ctct` program: see `constantcontact::hosts::cli`.

fn main() -> std::process::ExitCode {
    constantcontact::hosts::cli::main()
}
