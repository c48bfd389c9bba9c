//! The store as a whole: another key wherever that breaks off, backups, and the move to another folder.

use std::fs;

use serde_json::json;

use super::{Home, Ran, Shop};

const OLD: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn read(home: &Home, name: &str) -> String {
    fs::read_to_string(home.path(name)).unwrap()
}

/// Writes a file that only its owner can read.
fn write_private(home: &Home, name: &str, text: &str) {
    home.write(name, text);
    #[cfg(unix)]
    fs::set_permissions(home.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Whether others can read a file.
#[cfg(unix)]
fn is_private(home: &Home, name: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let others = fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o077;
    others == 0
}

fn privileges(home: &Home) -> Ran {
    home.run(&["run", "get_user_privileges"])
}

/// Replaces the key, and gives how many records were sealed anew.
fn rotate(home: &Home) -> u64 {
    home.run(&["keys", "rotate", "--json"]).done().json()["resealed"].as_u64().unwrap()
}

#[test]
fn a_new_key_opens_the_store_and_the_old_one_no_longer() {
    let shop = Shop::open();
    let old = read(&shop.home, "ctct/key");
    let said = shop.home.run(&["keys", "rotate"]).done();
    assert!(said.out.contains("sealed anew: 1") && said.err.contains("Start programs"), "{said:#?}");
    let new = read(&shop.home, "ctct/key");
    assert!(old != new && !shop.home.path("ctct/key.next").exists());
    assert!([&old, &new].iter().all(|key| !said.out.contains(key.as_str()) && !said.err.contains(key.as_str())));
    #[cfg(unix)]
    assert!(is_private(&shop.home, "ctct/key"));
    privileges(&shop.home).done();
    write_private(&shop.home, "ctct/key", &old);
    privileges(&shop.home).refused(1, &["shop", "another key"]);
}

#[test]
fn wherever_a_rotation_breaks_off_the_store_opens_and_the_next_one_finishes_it() {
    let shop = Shop::open();
    let home = &shop.home;
    // The new key was being written.
    write_private(home, "ctct/key.0f8fad5bd9cb469fa16570867728950e", &NEW[..20]);
    privileges(home).done();
    // It lies beside the old one, and the store is still sealed with that.
    write_private(home, "ctct/key.next", NEW);
    privileges(home).done();
    assert_eq!(rotate(home), 1);
    assert_eq!((read(home, "ctct/key").as_str(), home.path("ctct/key.next").exists()), (NEW, false));
    privileges(home).done();
    // The store is sealed with the new key, which has not taken the old one's place yet.
    write_private(home, "ctct/key", OLD);
    write_private(home, "ctct/key.next", NEW);
    privileges(home).done();
    assert_eq!(rotate(home), 0);
    assert_eq!((read(home, "ctct/key").as_str(), home.path("ctct/key.next").exists()), (NEW, false));
    privileges(home).done();
}

#[test]
fn two_rotations_at_once_are_refused() {
    let shop = Shop::open();
    let lock = fs::File::create(shop.home.path("ctct/key.lock")).unwrap();
    lock.lock().unwrap();
    let before = read(&shop.home, "ctct/key");
    shop.home.run(&["keys", "rotate"]).refused(1, &["another process", "key"]);
    assert_eq!(read(&shop.home, "ctct/key"), before);
    lock.unlock().unwrap();
    assert_eq!(rotate(&shop.home), 1);
}

#[test]
fn a_key_that_is_kept_elsewhere_is_replaced_by_one_that_is_named() {
    let home = Home::new().with("CTCT_KEY", "env:OLD").with("OLD", OLD).with("NEW", NEW);
    home.run(&["profiles", "add", "app", "--client-id", "0f8fad5b-d9cb-469f-a165-70867728950e"]).done();
    home.run(&["keys", "rotate"]).refused(1, &["env:OLD", "--new-key"]);
    home.run(&["keys", "rotate", "--new-key", NEW]).refused(1, &["must be a reference"]);
    let typed = home.run(&["keys", "rotate", "--key", OLD]).refused(1, &["must be a reference"]);
    assert!(!typed.err.contains(OLD), "{typed:#?}");
    home.run(&["keys", "rotate", "--new-key", "env:OLD"]).refused(1, &["has already"]);
    let resealed = |ran: Ran| ran.done().json()["resealed"].clone();
    assert_eq!(resealed(home.run(&["keys", "rotate", "--new-key", "env:NEW", "--json"])), 1);
    assert_eq!(resealed(home.run(&["keys", "rotate", "--new-key", "env:NEW", "--json"])), 0);
    home.run(&["profiles", "list"]).refused(1, &["another key"]);
    home.run(&["profiles", "list", "--key", "env:NEW"]).done();
}

#[test]
fn a_backup_comes_back_on_another_machine_with_the_key_kept_beside() {
    let shop = Shop::open();
    let file = shop.home.named("backup.json");
    for _ in 0..2 {
        let said = shop.home.run(&["store", "backup", &file]).done();
        assert!(said.out.contains("connections: 1") && said.err.contains("keep the key"), "{said:#?}");
    }
    #[cfg(unix)]
    assert!(is_private(&shop.home, "backup.json"));
    let left: Vec<_> = fs::read_dir(shop.home.folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| name == "backup.json" || name == "ctct"), "{left:?}");
    let machine = Home::new();
    machine.run(&["store", "restore", &file]).refused(1, &["does not open the backup", "--key"]);
    assert_eq!(machine.run(&["connections", "list", "--json"]).done().json(), json!([]));
    write_private(&machine, "ctct/key", &read(&shop.home, "ctct/key"));
    machine.run(&["store", "restore", &file]).done();
    privileges(&machine).done();
    machine.run(&["store", "restore", &file]).refused(1, &["store"]);
}

#[test]
fn a_backup_with_its_key_needs_nothing_else_and_says_so() {
    let shop = Shop::open();
    let file = shop.home.named("backup.json");
    let said = shop.home.run(&["store", "backup", &file, "--with-key"]).done();
    assert!(said.err.contains("holds the key"), "{said:#?}");
    let machine = Home::new();
    machine.run(&["store", "restore", &file]).done();
    privileges(&machine).done();
    assert_ne!(read(&machine, "ctct/key"), read(&shop.home, "ctct/key"), "it is sealed with the machine's own key");
}

#[test]
fn a_file_that_is_no_backup_is_neither_read_nor_replaced() {
    let shop = Shop::open();
    let (home, store) = (&shop.home, shop.home.named("ctct/store.sqlite"));
    home.run(&["store", "backup", &store]).refused(1, &["store.sqlite", "no backup"]);
    privileges(home).done();
    home.run(&["store", "restore", &store]).refused(1, &["not a backup"]);
    home.run(&["store", "restore", &home.named("nowhere")]).refused(2, &["nowhere"]);
    let file = home.named("backup.json");
    home.run(&["store", "backup", &file]).done();
    let text = read(home, "backup.json");
    home.write("cut.json", &text[..text.len() / 2]);
    home.run(&["store", "restore", &home.named("cut.json")]).refused(1, &["cut off or changed"]);
}

#[test]
fn a_copy_in_another_folder_is_complete_in_itself() {
    let shop = Shop::open();
    let folder = shop.home.named("copy");
    let said = shop.home.run(&["store", "copy", "--to", &folder]).done();
    assert!(said.out.contains("connections: 1") && said.err.contains("Use one of the two"), "{said:#?}");
    shop.home.run(&["--data-dir", &folder, "run", "get_user_privileges"]).done();
    shop.home.run(&["store", "copy", "--to", &folder]).refused(1, &["store"]);
}

#[test]
fn a_password_in_an_address_is_never_repeated() {
    let home = Home::new();
    for address in ["postgres://owner:hidden-value@127.0.0.1:1/ctct", "mysql://owner:hidden-value@127.0.0.1/ctct"] {
        let copied = home.run(&["store", "copy", "--to", address]).refused(1, &["database"]);
        let opened = home.run(&["connections", "list", "--database", address]).refused(1, &["database"]);
        assert!([copied, opened].iter().all(|ran| !ran.err.contains("hidden-value")));
    }
}
