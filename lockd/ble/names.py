"""BlueZ's names, as https://git.kernel.org/pub/scm/bluetooth/bluez.git/tree/doc describes them."""

from __future__ import annotations

SERVICE = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
GATT_MANAGER = "org.bluez.GattManager1"
ADVERTISING_MANAGER = "org.bluez.LEAdvertisingManager1"

GATT_SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
ADVERTISEMENT = "org.bluez.LEAdvertisement1"

OBJECTS = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS = "org.freedesktop.DBus"

#: An error with the text "0x80" to "0x9f" is that ATT error for the other end; any other text is 0x0e.
FAILED = "org.bluez.Error.Failed"
INVALID_OFFSET = "org.bluez.Error.InvalidOffset"
ALREADY_EXISTS = "org.bluez.Error.AlreadyExists"
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
NO_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
NO_PROPERTY = "org.freedesktop.DBus.Error.UnknownProperty"
BAD_ARGUMENTS = "org.freedesktop.DBus.Error.InvalidArgs"

#: Our objects; they never change, so that BlueZ knows the service again when it is registered anew.
APPLICATION_PATH = "/org/lockd1/ble"
SERVICE_PATH = f"{APPLICATION_PATH}/service"
RX_PATH = f"{SERVICE_PATH}/rx"
TX_PATH = f"{SERVICE_PATH}/tx"
INFO_PATH = f"{SERVICE_PATH}/info"
ADVERTISEMENT_PATH = f"{APPLICATION_PATH}/advertisement"
ENROLMENT_PATH = f"{APPLICATION_PATH}/enrolment"
